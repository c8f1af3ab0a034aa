# SPDX-License-Identifier: Apache-2.0
"""`edge-export`: a trained checkpoint to a verified bundle."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package

if TYPE_CHECKING:
    from export.report import ExportReport

PROGRAM = "edge-export"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Checkpoint = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="checkpoint.pt of a training run.")]
To = Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives the bundle, as a folder of its name.")]
Name = Annotated[str | None, typer.Option(help="Name of the bundle.  [the recipe's]", show_default=False)]
Version = Annotated[str, typer.Option(metavar="X.Y.Z", help="Version of the bundle.")]
Description = Annotated[str, typer.Option(help="One sentence for those who choose a model.", show_default=False)]
Data = Annotated[Path | None, typer.Option(metavar="DIR", help="Pictures to compare on.  [rendered scenes]")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Picture of the self-test.  [a rendered scene]")]
Accuracy = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Accuracy card, JSON.  [the checkpoint's validation metrics]")
]
WeightsLicence = Annotated[str, typer.Option(metavar="SPDX", help="Licence of the weights.")]
Batch = Annotated[int | None, typer.Option(metavar="N", min=1, help="A fixed batch.  [free, up to a bound]")]
MinScore = Annotated[
    float | None, typer.Option(min=0, max=1, help="Score from which a detector reports a hand.  [the recipe's]")
]
PresenceTrust = Annotated[
    float | None, typer.Option(help="Weight of presence in a hand's score, 0 to below 1.  [the recipe's]")
]
Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object on standard output.")]


@app.command(epilog=EXIT_CODES)
def export(
    checkpoint: Checkpoint,
    *,
    to: To = Path("bundles"),
    name: Name = None,
    version: Version = "1.0.0",
    description: Description = "",
    data: Data = None,
    picture: Picture = None,
    accuracy: Accuracy = None,
    weights_licence: WeightsLicence = "not stated",
    batch: Batch = None,
    min_score: MinScore = None,
    presence_trust: PresenceTrust = None,
    json: Json = False,
) -> None:
    """Export a checkpoint to ONNX, compare it with PyTorch on pictures, and pack it as a bundle that tests itself."""
    options = {
        "to": to,
        "name": name,
        "version": version,
        "description": description,
        "data": data,
        "picture": picture,
        "accuracy": accuracy,
        "weights_licence": weights_licence,
        "batch": batch,
        "min_score": min_score,
        "presence_trust": presence_trust,
    }
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _work(checkpoint, options, as_json=json)))


def main() -> None:
    """Run the command and end the process with its exit code."""
    app(prog_name=PROGRAM)


def _work(checkpoint: Path, options: dict[str, Any], *, as_json: bool) -> int:
    try:
        from export.bundle_from_checkpoint import bundle_from_checkpoint
        from export.settings import ExportSettings
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    # The writer removes its unfinished folder.
    with leaving_on_termination():
        report = bundle_from_checkpoint(checkpoint, ExportSettings(**options), say=_say)
    if as_json:
        print(json.dumps(report.to_dict(), allow_nan=False))
    else:
        _print_table(report)
    return 0


def _say(step: str) -> None:
    print(step, file=sys.stderr)


def _print_table(report: ExportReport) -> None:
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
