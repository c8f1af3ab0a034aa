# SPDX-License-Identifier: Apache-2.0
"""`edge-export`: a trained checkpoint to a verified bundle, a bundle to FP16 and INT8, and to engines."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edge.cli import export_compare, export_engines
from edge.cli.export_table import print_export, print_precisions
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.run_words import with_option_repeated
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from calibration.precision_report import PrecisionReport
    from edge.engines.sidecar import Sidecar
    from export.report import ExportReport

PROGRAM = "edge-export"
COMMANDS = """\b
edge-export COMMAND:
    compare  two files of one model, tensor by tensor and hand by hand
    engines  list, explain or prune the engines that --engine built
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
PRECISION_OPTIONS = ("fp16", "int8", "max_drop", "method", "partner", "pictures", "sensitivity")
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
Engine = Annotated[bool, typer.Option("--engine", help="Build TensorRT engines of the bundle, here and now.")]
Dla = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=15, help="Deep learning accelerator that takes what it can.")
]
Memory = Annotated[int | None, typer.Option(metavar="MB", min=64, help="Memory a build may take.  [most that is free]")]
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
    engine: Engine = False,
    sm: export_engines.Sm = None,
    dla: Dla = None,
    memory: Memory = None,
    engines: export_engines.Store = None,
    json: Json = False,
) -> None:
    """Export a checkpoint to ONNX, compare it with PyTorch on pictures, and pack it as a bundle that tests itself.

    With --fp16 and --int8 a bundle, the one just made or a given one, gets the model in these precisions too, each
    measured on held-out pictures and left out where it loses too much. With --engine its engines are built.
    """
    given = locals()
    options = {name: given[name] for name in ("to", "data", *CHECKPOINT_OPTIONS)}
    precisions = {name: given[name] for name in PRECISION_OPTIONS} | {"data": calibrate}
    build = partial(_built, folder=engines, sms=sm or [], dla=dla, memory_mb=memory) if engine else None
    work = partial(_work, source, options, precisions, contract=contract, build=build, as_json=json)
    raise typer.Exit(exit_code_of(PROGRAM, work))


def main() -> None:
    """Run the command and end the process with its exit code."""
    words = with_option_repeated(sys.argv[1:], "--sm", takes=str.isdigit)
    if words[:1] == ["compare"]:
        export_compare.app(words[1:], prog_name=export_compare.PROGRAM)
    if words[:1] == ["engines"]:
        export_engines.app(words[1:], prog_name=f"{PROGRAM} engines")
    app(words, prog_name=PROGRAM)


def _work(
    source: str,
    options: dict[str, Any],
    precisions: dict[str, Any],
    *,
    contract: Path | None,
    build: Callable[[str], list[Sidecar]] | None,
    as_json: bool,
) -> int:
    lowers = precisions["fp16"] or precisions["int8"]
    try:
        if lowers or contract is not None or source.endswith(CHECKPOINTS):
            import calibration  # noqa: F401 - without the checkout nothing else is worth saying
            import export  # noqa: F401

        return _done(source, options, precisions, lowers=lowers, contract=contract, build=build, as_json=as_json)
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error


def _done(
    source: str,
    options: dict[str, Any],
    precisions: dict[str, Any],
    *,
    lowers: bool,
    contract: Path | None,
    build: Callable[[str], list[Sidecar]] | None,
    as_json: bool,
) -> int:
    _require_sense(source, options, contract, makes_something=lowers or build is not None)
    document: dict[str, Any] = {}

    def tell(show: Callable[[Any], None], report: Any, fields: dict[str, Any]) -> None:  # noqa: ANN401 - any report
        document.update(fields)
        if not as_json:
            show(report)

    with leaving_on_termination():  # the writers remove their unfinished folders
        if source.endswith(CHECKPOINTS):
            exported = _exported(Path(source), options)
            tell(print_export, exported, exported.to_dict())
            source = str(exported.bundle)
        elif contract is not None:
            source = str(_imported(Path(source), contract, options))
            tell(print, source, {"bundle": source})
        bundle: str | None = source
        if lowers:
            lowered = _lowered(source, options["to"], precisions)
            tell(print_precisions, lowered, lowered.to_dict())
            bundle = None if lowered.bundle is None else str(lowered.bundle)
        if build is not None and bundle is not None:
            sidecars = build(bundle)
            rows = [sidecar.model_dump(mode="json", by_alias=True) for sidecar in sidecars]
            tell(export_engines.print_engines, sidecars, {"engines": rows})
    if as_json:
        print(json.dumps(document, allow_nan=False))
    if bundle is None:
        raise ModelError("no precision passed, and none was written; allow more with --max-drop, or stay with float32")
    return 0


def _require_sense(source: str, options: dict[str, Any], contract: Path | None, *, makes_something: bool) -> None:
    if source.endswith(CHECKPOINTS):
        fitting: tuple[str, ...] = CHECKPOINT_OPTIONS
    elif source.endswith(".onnx"):
        fitting = ONNX_OPTIONS
        if contract is None:
            raise UsageError(f"{source} does not say what it takes and means; describe that in a file for --contract")
    elif makes_something:
        fitting = ()
    else:
        raise UsageError(
            f"{source} is no checkpoint; to write a bundle in other precisions add --fp16 or --int8, to build its"
            " engines --engine"
        )
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


def _built(
    source: str, *, folder: Path | None, sms: list[int], dla: int | None, memory_mb: int | None
) -> list[Sidecar]:
    from edge.bundle.bundle import Bundle
    from edge.bundle.zoo import find_bundle
    from edge.engines.settings import EngineSettings

    bundle, settings = Bundle.open(find_bundle(source)), EngineSettings(dla_core=dla)
    built = export_engines.build_engines(bundle, folder, sms, settings, memory_mb=memory_mb)
    return [engine.sidecar for engine in built]


def _say(step: str) -> None:
    print(step, file=sys.stderr)
