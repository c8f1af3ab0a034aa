# SPDX-License-Identifier: Apache-2.0
"""`html_from_report`: a report as one page that needs nothing else."""

from __future__ import annotations

from html import escape
from pathlib import Path

from edge.bench.charts import histogram, lines, shares
from edge.bench.report import BenchReport, Case, Loop

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def html_from_report(report: BenchReport) -> str:
    """Return the page: the machine, then every case with its figures and charts."""
    machine = {
        name.replace("_", " "): str(value) for name, value in report.machine if value is not None
    } | report.versions
    card = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in machine.items())
    width_px, height_px = report.picture_wh
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>edge-bench, {escape(report.measured)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><header><h1>edge-bench</h1>"
        f"<p>{escape(report.source)}, {width_px} x {height_px}; {report.seconds:g} s a loop after"
        f" {report.warm_up_s:g} s of warm-up; {escape(report.measured)}</p><dl>{card}</dl></header>"
        f"{''.join(map(_case, report.cases))}</body></html>\n"
    )


def _case(case: Case) -> str:
    loops = [("As fast as it goes", case.closed)]
    if case.paced is not None:
        loops.append((f"At a camera's {case.paced.rate_fps:g} frames a second", case.paced))
    models = ", ".join(f"{name} {version}" for name, version in case.models.items())
    charts = "".join(f"<h3>{escape(title)}</h3>{_loop(loop)}" for title, loop in loops)
    start = case.start
    warm = [(float(number + 1), ms) for number, ms in enumerate(start.first_frames_ms)]
    return (
        f"<section><h2>{escape(case.name)} <small>{case.precision} on {escape(case.device)},"
        f" {case.threads} threads, {case.hands_a_frame:.1f} hands a frame</small></h2><p>{escape(models)}</p>"
        f"{_tiles(case)}{_unknown(case)}{charts}<h3>Start</h3><div class='charts'>"
        + _figure(
            f"Work on the first frames; loaded after {start.load_s:.2f} s, first result after"
            f" {start.first_result_s:.2f} s",
            lines({"": warm}, across="frame", up="ms"),
        )
        + f"</div>{_accuracy(case)}{_engines(case)}</section>"
    )


def _tiles(case: Case) -> str:
    closed, machine = case.closed, case.closed.machine
    tiles = [
        ("frames a second", f"{closed.fps:.1f}", "closed loop"),
        ("CPU time a frame", f"{closed.cpu_ms:.1f} ms", "all threads"),
        ("memory", "?" if closed.resident_mb is None else f"{closed.resident_mb} MB", "resident"),
    ]
    if case.paced is not None:
        age = case.paced.time_ms
        tiles[1:1] = [("capture to result", f"{age.p50:.1f} ms", f"p95 {age.p95:.1f}, p99 {age.p99:.1f}")]
        dropped = sum(case.paced.dropped.values())
        tiles.append(("dropped", str(dropped), ", ".join(case.paced.dropped) or f"of {case.paced.frames}"))
    if machine.energy_mj is not None:
        tiles.append(("energy a frame", f"{machine.energy_mj:.1f} mJ", machine.sources["energy_j"]))
    if machine.hottest_c is not None:
        tiles.append(("hottest", f"{machine.hottest_c:.1f} °C", machine.sources["temperatures_c"]))
    if machine.throttled_by or machine.throttle_events:
        tiles.append(("throttled", str(machine.throttle_events or ""), ", ".join(machine.throttled_by or ())))
    return (
        "<div class='tiles'>"
        + "".join(
            f"<div><b>{escape(value)}</b><span>{escape(name)}</span><small>{escape(told)}</small></div>"
            for name, value, told in tiles
        )
        + "</div>"
    )


def _unknown(case: Case) -> str:
    names = {"energy_j": "Energy", "temperatures_c": "Temperatures", "throttled_by": "Throttling"}
    reasons = case.closed.machine.unknown
    told = " ".join(f"{name}: {reasons[field]}." for field, name in names.items() if field in reasons)
    return f"<p class='unknown'>Not known on this machine. {escape(told)}</p>" if told else ""


def _loop(loop: Loop) -> str:
    age = "Capture to result" if loop.rate_fps else "Work on a frame"
    blocks, series = loop.blocks, loop.machine.series
    figures = [
        _figure(f"{age}, {loop.time_ms.count} frames", histogram(loop.time_ms)),
        _figure("Stages, mean", shares({name: times.mean for name, times in loop.stages_ms.items()})),
    ]
    if len(blocks) > 1:
        figures.append(
            _figure(
                "Frames a second over time", lines({"": [(b.start_s, b.fps) for b in blocks]}, across="s", up="FPS")
            )
        )
        medians = {
            "median": [(b.start_s, b.p50_ms) for b in blocks],
            "CPU time": [(b.start_s, b.cpu_ms) for b in blocks],
        }
        figures.append(_figure(f"{age} and CPU time over time", lines(medians, across="s", up="ms")))
    if loop.thread_cpu_ms:
        figures.append(_figure("CPU time a frame by thread", shares(loop.thread_cpu_ms)))
    for name, unit, field in (
        ("Power", "W", "power_w"),
        ("Hottest zone", "°C", "hottest_c"),
        ("Clock", "MHz", "clock_mhz"),
    ):
        points = [(one.time_s, value) for one in series if (value := getattr(one, field)) is not None]
        if len(points) > 1:
            figures.append(_figure(name, lines({"": points}, across="s", up=unit)))
    return f"<div class='charts'>{''.join(figures)}</div>"


def _figure(caption: str, chart: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{chart}</figure>"


def _accuracy(case: Case) -> str:
    if not case.accuracy:
        return ""
    rows = "".join(
        f"<tr><td>{escape(one.model)}</td><td>{escape(one.metric)}</td><td>{one.value:.3f}</td>"
        f"<td>{one.pictures}</td><td>{one.hands}</td></tr>"
        for one in case.accuracy
    )
    head = "<tr><th>model</th><th>metric</th><th>value</th><th>pictures</th><th>hands</th></tr>"
    return f"<h3>Accuracy</h3><table>{head}{rows}</table>"


def _engines(case: Case) -> str:
    told = "; ".join(f"{name}: {key.get('digest')}" for name, key in case.engines.items())
    return f"<p>Engines: {escape(told)}</p>" if told else ""
