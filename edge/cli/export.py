# SPDX-License-Identifier: Apache-2.0
"""`edge-export`: a trained checkpoint to a verified bundle, a bundle to FP16 and INT8, and bundles to engines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from edge.cli import export_compare, export_engines
from edge.cli.export_job import PROGRAM, ExportJob
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.run_words import with_option_repeated

COMMANDS = """\b
edge-export COMMAND:
    compare  two files of one model, tensor by tensor and hand by hand
    engines  list, explain and prune the engines that --engine built
"""

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
EngineOption = Annotated[bool, typer.Option("--engine", help="Build TensorRT engines of the bundle, here and now.")]
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
    engine: EngineOption = False,
    sm: export_engines.Sm = None,
    dla: Dla = None,
    memory: Memory = None,
    engines: export_engines.Store = None,
    json: Json = False,
) -> None:
    """Export a checkpoint to ONNX, compare it with PyTorch on pictures, and pack it as a bundle that tests itself.

    With --fp16 and --int8 a bundle, the one just made or a given one, gets the model in these precisions too, each
    measured on held-out pictures and left out where it loses too much; with --engine its engines are built.
    """
    job = ExportJob.from_options(locals())
    raise typer.Exit(exit_code_of(PROGRAM, job.run))


def main() -> None:
    """Run the command and end the process with its exit code."""
    words = with_option_repeated(sys.argv[1:], "--sm", takes=str.isdigit)
    commands = {"compare": export_compare, "engines": export_engines}
    if words[:1] and words[0] in commands:
        commands[words[0]].app(words[1:], prog_name=f"{PROGRAM} {words[0]}")
    app(words, prog_name=PROGRAM)
