# SPDX-License-Identifier: Apache-2.0
"""`edge-export`: a trained checkpoint to a verified bundle, and a bundle to FP16 and INT8."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edge.cli import export_compare
from edge.cli.export_table import print_export, print_precisions
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import ModelError, UsageError

if TYPE_CHECKING:
    from calibration.precision_report import PrecisionReport
    from export.report import ExportReport

PROGRAM = "edge-export"
COMMANDS = """\b
edge-export COMMAND:
    compare  two files of one model, tensor by tensor and hand by hand
"""
CHECKPOINT_OPTIONS = (
    "name",
    "version",
    "description",
    "picture",
    "accuracy",
    "weights_licence",
    "batch",
    "min_score",
    "presence_trust",
)
ONNX_OPTIONS = ("description", "picture", "weights_licence")
CHECKPOINTS = (".pt", ".pth")

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="checkpoint.pt of a run, a bundle by name or folder, or model.onnx.")
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
Contract = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What an ONNX file takes, gives and means: YAML or JSON.")
]
Fp16 = Annotated[bool, typer.Option("--fp16", help="Write the model in FP16 too.")]
Int8 = Annotated[bool, typer.Option("--int8", help="Write the model in INT8 too.")]
Calibrate = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Annotated sets or pictures to calibrate on and measure with.")
]
MaxDrop = Annotated[float, typer.Option(metavar="POINTS", min=0, help="Points of its metric that INT8 may lose.")]
Method = Annotated[
    Literal["min-max", "entropy", "percentile", "mse"] | None,
    typer.Option(help="How ranges are found.  [what measures best]"),
]
Partner = Annotated[str | None, typer.Option(metavar="BUNDLE", help="The other model of the cascade.  [a shipped one]")]
Pictures = Annotated[int, typer.Option(metavar="N", min=1, help="Held-out pictures to measure with, at most.")]
Sensitivity = Annotated[bool, typer.Option("--sensitivity", help="Print what each layer costs in INT8.")]
Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object on standard output.")]


@app.command(epilog=f"{COMMANDS}\n{EXIT_CODES}")
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
    contract: Contract = None,
    fp16: Fp16 = False,
    int8: Int8 = False,
    calibrate: Calibrate = None,
    max_drop: MaxDrop = 1.0,
    method: Method = None,
    partner: Partner = None,
    pictures: Pictures = 200,
    sensitivity: Sensitivity = False,
    json: Json = False,
) -> None:
    """Export a checkpoint to ONNX, compare it with PyTorch on pictures, and pack it as a bundle that tests itself.

    With --fp16 and --int8 a bundle, the one just made or a given one, gets the model in these precisions too, each
    measured on held-out pictures and left out where it loses too much.
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
    precisions = {
        "fp16": fp16,
        "int8": int8,
        "data": calibrate,
        "max_drop": max_drop,
        "method": method,
        "partner": partner,
        "pictures": pictures,
        "sensitivity": sensitivity,
    }
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _work(source, options, precisions, contract=contract, as_json=json)))


def main() -> None:
    """Run the command and end the process with its exit code."""
    if sys.argv[1:2] == ["compare"]:
        export_compare.app(args=sys.argv[2:], prog_name=export_compare.PROGRAM)
    app(prog_name=PROGRAM)


def _work(
    source: str, options: dict[str, Any], precisions: dict[str, Any], *, contract: Path | None, as_json: bool
) -> int:
    try:
        import calibration  # noqa: F401 - without the checkout nothing else is worth saying
        import export  # noqa: F401

        return _done(source, options, precisions, contract=contract, as_json=as_json)
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error


def _done(
    source: str, options: dict[str, Any], precisions: dict[str, Any], *, contract: Path | None, as_json: bool
) -> int:
    lowers = precisions["fp16"] or precisions["int8"]
    _require_sense(source, options, contract, lowers=lowers)
    # The writers remove their unfinished folders.
    with leaving_on_termination():
        exported = _exported(Path(source), options) if source.endswith(CHECKPOINTS) else None
        bundle = source if exported is None else str(exported.bundle)
        if contract is not None:
            bundle = str(_imported(Path(source), contract, options))
        lowered = _lowered(bundle, options["to"], precisions) if lowers else None
    if as_json:
        document = {"bundle": bundle} if exported is None else exported.to_dict()
        print(json.dumps(document | ({} if lowered is None else lowered.to_dict()), allow_nan=False))
    else:
        _print(bundle, exported, lowered)
    if lowered is not None and lowered.bundle is None:
        raise ModelError("no precision passed, and none was written; allow more with --max-drop, or stay with float32")
    return 0


def _print(bundle: str, exported: ExportReport | None, lowered: PrecisionReport | None) -> None:
    if exported is not None:
        print_export(exported)
    if lowered is not None:
        print_precisions(lowered)
    if exported is None and lowered is None:
        print(bundle)


def _require_sense(source: str, options: dict[str, Any], contract: Path | None, *, lowers: bool) -> None:
    if source.endswith(CHECKPOINTS):
        fitting: tuple[str, ...] = CHECKPOINT_OPTIONS
    elif source.endswith(".onnx"):
        fitting = ONNX_OPTIONS
        if contract is None:
            raise UsageError(f"{source} does not say what it takes and means; describe that in a file for --contract")
    elif lowers:
        fitting = ()
    else:
        raise UsageError(f"{source} is no checkpoint; to write a bundle in other precisions add --fp16 or --int8")
    if contract is not None and not source.endswith(".onnx"):
        raise UsageError(f"--contract describes an ONNX file, and {source} is none")
    defaults = {"version": "1.0.0", "description": "", "weights_licence": "not stated"}
    given = [name for name in CHECKPOINT_OPTIONS if name not in fitting and options[name] != defaults.get(name)]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} is for checkpoints; {source} says that of itself")


def _imported(path: Path, contract: Path, options: dict[str, Any]) -> Path:
    from export.bundle_from_onnx import bundle_from_onnx
    from export.settings import ExportSettings

    return bundle_from_onnx(path, contract, ExportSettings(**options), say=_say).path


def _exported(checkpoint: Path, options: dict[str, Any]) -> ExportReport:
    from export.bundle_from_checkpoint import bundle_from_checkpoint
    from export.settings import ExportSettings

    return bundle_from_checkpoint(checkpoint, ExportSettings(**options), say=_say)


def _lowered(source: str, to: Path, precisions: dict[str, Any]) -> PrecisionReport:
    from calibration.bundle_with_precisions import bundle_with_precisions
    from calibration.ranges import cache_folder
    from calibration.settings import PrecisionSettings
    from edge.bundle.bundle import Bundle
    from edge.bundle.zoo import find_bundle

    settings = PrecisionSettings(to=to, cache=cache_folder(), **precisions)
    return bundle_with_precisions(Bundle.open(find_bundle(source)), settings, say=_say)


def _say(step: str) -> None:
    print(step, file=sys.stderr)
