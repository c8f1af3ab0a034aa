# SPDX-License-Identifier: Apache-2.0
"""What `edge-bench` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.bench.compare import Ratio
    from edge.bench.report import BenchReport, Case, Loop


def print_report(report: BenchReport) -> None:
    """Print the machine, a row a loop, the stages of each case, and why figures are missing."""
    from rich.console import Console
    from rich.table import Column, Table

    card = report.machine
    machine = [card.board or card.processor, f"{card.cores} cores", card.system, *([card.gpu] if card.gpu else [])]
    console = Console()
    console.print(", ".join(machine), style="dim", highlight=False)
    times = ("p50", "p90", "p95", "p99")
    heads = (Column("", no_wrap=True), "frames", "FPS", *times, "CPU", "MB", "mJ", "°C", "dropped")
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for case in report.cases:
        table.add_row(f"{case.name} {case.precision}", style="bold")
        for loop in _loops(case):
            table.add_row(*_row(loop, times))
    console.print(table)
    print(
        "p50 to p99 in ms: work on a frame where frames wait, capture to result where a camera paces; CPU: ms a frame"
    )
    for case in report.cases:
        name, hands = f"{case.name} {case.precision}", case.hands_a_frame
        print(
            f"{name}: on {case.device}, {case.threads} threads, {hands:.1f} hands, loaded in {case.start.load_s:.2f} s"
        )
        stages = ", ".join(f"{stage} {times.mean:.2f}" for stage, times in case.closed.stages_ms.items())
        print(f"{name}: ms by stage: {stages}")
        for cause, count in (entry for loop in _loops(case) for entry in loop.dropped.items()):
            print(f"{name}: {count} frames dropped, {cause}")
        for one in case.accuracy:
            print(f"{name}: {one.model} {one.metric} {one.value:.3f}, {one.hands} hands")
    for figure, reason in report.cases[0].closed.machine.unknown.items():
        if figure in {"energy_j", "temperatures_c", "throttled_by"}:
            print(f"not known: {figure.rpartition('_')[0]}: {reason}")


def print_ratios(ratios: Sequence[Ratio], differences: Sequence[str], *, allowed: float) -> None:
    """Print a row a figure, what else differs first."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    for told in differences:
        print(f"note: {told}")
    table = Table("case", "figure", "A", "B", "B / A", "95 %", "", box=None, pad_edge=False, header_style="bold")
    colours = {"worse": "red", "better": "green", "unclear": "yellow", "same": ""}
    for one in ratios:
        interval = "" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
        verdict = one.verdict(allowed)
        values = (f"{one.a:.2f}", f"{one.b:.2f}", f"{one.ratio:.3f}", interval)
        table.add_row(one.case, one.figure, *values, Text(verdict, style=colours[verdict]))
    Console().print(table)


def _loops(case: Case) -> list[Loop]:
    return [case.closed, *([case.paced] if case.paced else [])]


def _row(loop: Loop, ranks: Sequence[str]) -> list[str]:
    known = (loop.resident_mb, loop.machine.energy_mj, loop.machine.hottest_c)
    return [
        f"  at {loop.rate_fps:g} FPS" if loop.rate_fps else "  closed loop",
        str(loop.frames),
        f"{loop.fps:.1f}",
        *(f"{getattr(loop.time_ms, rank):.1f}" for rank in ranks),
        f"{loop.cpu_ms:.1f}",
        *("?" if value is None else f"{value:.0f}" for value in known),
        str(sum(loop.dropped.values())),
    ]
