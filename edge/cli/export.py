# SPDX-License-Identifier: Apache-2.0
"""`edge-export`: a trained checkpoint to a verified bundle, and bundles to engines."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.cli import export_engines
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.run_words import with_option_repeated
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.bundle.bundle import Bundle
    from edge.engines.sidecar import Sidecar
    from export.report import ExportReport

PROGRAM = "edge-export"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="checkpoint.pt of a training run; with --engine a bundle, or its name.")
]
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
Engine = Annotated[bool, typer.Option("--engine", help="Build TensorRT engines of the bundle, here and now.")]
Dla = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=15, help="Deep learning accelerator that takes what it can.")
]
Memory = Annotated[int | None, typer.Option(metavar="MB", min=64, help="Memory a build may take.  [most that is free]")]
Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object on standard output.")]


@app.command(epilog=EXIT_CODES)
def export(
    source: Source,
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
    engine: Engine = False,
    sm: export_engines.Sm = None,
    dla: Dla = None,
    memory: Memory = None,
    engines: export_engines.Store = None,
    json: Json = False,
) -> None:
    """Export a checkpoint to ONNX, compare it with PyTorch on pictures, and pack it as a bundle that tests itself.

    `edge-export engines list|explain|prune` looks after the engines that --engine built.
    """
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

    building = partial(_build, folder=engines, sms=sm or [], dla=dla, memory_mb=memory) if engine else None
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _work(source, options, building, as_json=json)))


def main() -> None:
    """Run the command and end the process with its exit code."""
    words = with_option_repeated(sys.argv[1:], "--sm", takes=str.isdigit)
    if words[:1] == ["engines"]:
        export_engines.app(words[1:], prog_name=f"{PROGRAM} engines")
    app(words, prog_name=PROGRAM)


def _bundle_of(source: str) -> Bundle | None:
    """Return the bundle that `source` names, None where it names something else."""
    from edge.bundle.bundle import Bundle
    from edge.bundle.manifest import MANIFEST_FILE
    from edge.bundle.zoo import find_bundle, shipped_names

    path = Path(source)
    if source in shipped_names() or path.name == MANIFEST_FILE or path.is_dir():
        return Bundle.open(find_bundle(source))
    return None


def _work(
    source: str, options: dict[str, Any], building: Callable[[Bundle], list[Sidecar]] | None, *, as_json: bool
) -> int:
    from edge.bundle.bundle import Bundle

    bundle, document = _bundle_of(source), {}
    if bundle is None:
        report = _export(Path(source), options)
        bundle, document = Bundle.open(report.bundle), report.to_dict()
        if not as_json:
            _print_table(report)
    elif building is None:
        raise UsageError(f"{source} is a bundle already; --engine builds its engines")
    if building is not None:
        sidecars = building(bundle)
        rows = [sidecar.model_dump(mode="json", by_alias=True) for sidecar in sidecars]
        document |= {"bundle": str(bundle.path), "engines": rows}
        if not as_json:
            export_engines.print_engines(sidecars)
    if as_json:
        print(json.dumps(document, allow_nan=False))
    return 0


def _export(checkpoint: Path, options: dict[str, Any]) -> ExportReport:
    try:
        from export.bundle_from_checkpoint import bundle_from_checkpoint
        from export.settings import ExportSettings
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    # The writer removes its unfinished folder.
    with leaving_on_termination():
        return bundle_from_checkpoint(checkpoint, ExportSettings(**options), say=_say)


def _build(
    bundle: Bundle, *, folder: Path | None, sms: list[int], dla: int | None, memory_mb: int | None
) -> list[Sidecar]:
    from edge.engines.settings import EngineSettings

    settings = EngineSettings(dla_core=dla)
    built = export_engines.build_engines(bundle, folder, sms, settings, memory_mb=memory_mb)
    return [engine.sidecar for engine in built]


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
