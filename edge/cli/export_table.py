# SPDX-License-Identifier: Apache-2.0
"""What `edge-export` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calibration.judge import Verdict
    from calibration.precision_report import PrecisionReport
    from export.report import ExportReport

WORST_LAYERS = 15


def print_export(report: ExportReport) -> None:
    """Print how the ONNX files agree with PyTorch, and the bundle last."""
    from rich.console import Console
    from rich.table import Table

    kind = "rendered scenes" if report.rendered else "pictures"
    table = Table("file", "output", "max abs error", "of allowed", "same hands", title_justify="left")
    table.title = f"ONNX opset {report.opset} against PyTorch on {report.pictures} {kind}"
    for file in report.files:
        hands = f"{file.hands.agreeing} of {file.hands.reference_hands}"
        for row, output in enumerate(file.outputs):
            first, last = (file.file, hands) if row == 0 else ("", "")
            table.add_row(first, output.output, f"{output.max_abs:.2e}", f"{output.of_allowed:.4f}", last)
    Console().print(table)
    for file in report.files:
        print(f"{file.file}: {'kept' if file.kept else 'not kept'}, {file.bytes / 1000:.0f} kB, {file.remark}")
    print(f"self-test: passed, hands as expected: {report.self_test_hands}")
    print(report.bundle)


def print_precisions(report: PrecisionReport) -> None:
    """Print what each precision weighs and loses, the nodes that were spared, and the bundle last."""
    from rich.console import Console
    from rich.table import Table

    task = report.reference.task
    truth = "labels of" if report.labelled else "the float32 model's answers on"
    table = Table("precision", "kB", "time", task.metric, "lost", "cascade", "spared", "outputs", "written")
    kind = "rendered scenes" if report.rendered else "held-out pictures"
    table.title = f"judged by {truth} {task.pictures} {kind}, {task.hands} hands"
    table.title_justify = "left"
    table.add_row("fp32", f"{report.reference_bytes / 1000:.0f}", "1.00", *_figures(report.reference), "", "", "yes")
    for one in report.lowered:
        ratio = report.latency_ratio.get(one.precision)
        metric, _, cascade = _figures(one.verdict)
        table.add_row(
            one.precision,
            f"{len(one.model) / 1000:.0f}",
            "" if ratio is None else f"{ratio:.2f}",
            metric,
            f"{one.drop_points:.2f}",
            cascade,
            str(len(one.spared)),
            f"{max(output.relative for output in one.outputs):.1%}",
            "yes" if one.passes else "no",
        )
    console = Console()
    console.print(table)
    _print_layers(report, console)
    if report.bundle is not None:
        print(report.bundle)


def _figures(verdict: Verdict) -> tuple[str, str, str]:
    cascade = verdict.cascade
    together = "" if cascade is None else f"{cascade.value:.4f} ({cascade.found} of {cascade.hands} found)"
    return f"{verdict.task.value:.4f}", "", together


def _print_layers(report: PrecisionReport, console: object) -> None:
    """Print the nodes that each precision hurts most, and those that were spared."""
    from rich.table import Table

    for one in report.lowered:
        if one.method is not None:
            print(f"{one.precision}: ranges by {one.method}")
        if one.node_errors:
            table = Table("node", "outputs move by", "spared", title=f"{one.precision}, each node alone")
            for entry in one.node_errors[:WORST_LAYERS]:
                table.add_row(entry.node, f"{entry.error:.2%}", "yes" if entry.node in one.spared else "")
            console.print(table)  # type: ignore[attr-defined]
        for node, reason in one.spared.items():
            print(f"{one.precision}: {node} spared, {reason}")
