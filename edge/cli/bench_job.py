# SPDX-License-Identifier: Apache-2.0
"""What `edge-bench` does once its options are parsed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.bench_settings import STANDARD_OUTPUT, BenchSettings
from edge.cli.bench_table import print_report
from edge.errors import OutputError

if TYPE_CHECKING:
    from edge.bench.report import BenchReport, Case
    from edge.bench.subject import Subject
    from edge.bundle.precision import Precision
    from edge.frame import Frame
    from edge.telemetry import Telemetry


def run_bench(settings: BenchSettings) -> int:
    """Measure, write the reports, print the table, and return the exit code. Raises `EdgeError`."""
    from edge.bench.machine import card_from_machine, versions_here
    from edge.bench.report import BenchReport, json_from_report
    from edge.bench.ring import ring_from_source
    from edge.telemetry import Telemetry

    judge = _judge(settings)
    frames, fps = ring_from_source(settings.source)
    with Telemetry() as telemetry:
        card = card_from_machine(telemetry.read())
        cases = [judge(case) for case in _cases(settings, frames, settings.rate or fps, telemetry)]
    report = BenchReport(
        schema="edge.bench/1",
        measured=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=card,
        versions=versions_here(),
        source=settings.source,
        picture_wh=(frames[0].width_px, frames[0].height_px),
        seconds=settings.seconds,
        warm_up_s=settings.warm_up_s,
        cases=tuple(cases),
    )
    _write(settings, report, json_from_report(report))
    return 0


def _cases(settings: BenchSettings, frames: list[Frame], fps: float, telemetry: Telemetry) -> Iterator[Case]:
    from edge.bench.bench import measure_case
    from edge.bench.subject import ModelSubject, PipelineSubject, bundles_from_name, hands_for

    device, threads = settings.device.value, settings.threads
    makers: list[tuple[Callable[[], Subject], Precision]] = []
    if settings.pipeline:
        makers.append((lambda: PipelineSubject(device=device, threads=threads), "fp32"))
    bundles = [pair for name in settings.bundles for pair in bundles_from_name(name, settings.precision)]
    # Found before any case, so that no loading includes it.
    hands = hands_for([bundle for bundle, _ in bundles], frames)
    for bundle, precision in bundles:
        opened = partial(ModelSubject, bundle, precision, frames, hands, device=device, threads=threads)
        makers.append((opened, precision))
    for make, precision in makers:
        yield measure_case(
            make,
            frames,
            telemetry,
            precision=precision,
            seconds=settings.seconds,
            warm_up_s=settings.warm_up_s,
            fps=fps,
        )


def _judge(settings: BenchSettings) -> Callable[[Case], Case]:
    """Return what adds accuracy to a case; pictures are read, and what is missing is told, before speed is measured."""
    if settings.data is None:
        return lambda case: case
    from edge.cli.bench_accuracy import judge_from_folder

    return judge_from_folder(settings.data, pictures=settings.pictures, bundles=settings.bundles)


def _write(settings: BenchSettings, report: BenchReport, json: str) -> None:
    from edge.bench.html import html_from_report

    if settings.html is not None:
        _write_whole(settings.html, html_from_report(report))
    if settings.json == STANDARD_OUTPUT:
        sys.stdout.write(json)
        return
    if settings.json is not None:
        _write_whole(settings.json, json)
    print_report(report)


def _write_whole(path: Path, text: str) -> None:
    """Write a file that appears complete or not at all. Raises `OutputError`."""
    part = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            part = Path(file.name)
            file.write(text)
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror}; make room or choose another folder") from error
