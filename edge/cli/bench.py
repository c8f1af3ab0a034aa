# SPDX-License-Identifier: Apache-2.0
"""`edge-bench`: how fast models and the pipeline run here, and what that costs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.cli import bench_compare
from edge.cli.bench_settings import PROGRAM, BenchSettings
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.device import DeviceName

COMMANDS = """\b
edge-bench COMMAND:
    compare  two reports of --json, with intervals; fails where the second is worse
    models   all shipped models by themselves, in every precision that they have
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Source = Annotated[str, typer.Option(metavar="SOURCE", help="What edge-run takes; its first frames stay in memory.")]
Pipeline = Annotated[bool, typer.Option("--pipeline", help="The whole pipeline, as it is without a BUNDLE.")]
Device = Annotated[DeviceName, typer.Option(help="Processor that runs the models.")]
Precisions = Annotated[str, typer.Option(metavar="fp32|fp16|int8|all", help="Precision of each BUNDLE.")]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=64, help="Frames at a time of the pipeline, threads of a BUNDLE."),
]
Seconds = Annotated[float, typer.Option(metavar="S", min=1, help="Length of each loop.")]
Warmup = Annotated[float, typer.Option(metavar="S", min=0, help="Work before the first loop.")]
Rate = Annotated[
    float | None, typer.Option(metavar="FPS", min=0.1, max=1000, help="Rate of the camera.  [the source's]")
]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write a report; - is standard output.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with charts.")]
Data = Annotated[Path | None, typer.Option(metavar="DIR", help="Measure accuracy on the sets in DIR too.")]
Pictures = Annotated[int, typer.Option(metavar="N", min=1, help="At most this many pictures of --data.")]


@app.command(epilog=f"{COMMANDS}\n{EXIT_CODES}")
def bench(
    bundles: Annotated[list[str] | None, typer.Argument(metavar="[BUNDLE ...]", help="Models by themselves.")] = None,
    *,
    pipeline: Pipeline = False,
    source: Source = "test:hands",
    device: Device = DeviceName.auto,
    precision: Precisions = "fp32",
    threads: Threads = None,
    seconds: Seconds = 30.0,
    warmup: Warmup = 5.0,
    rate: Rate = None,
    json: Json = None,
    html: Html = None,
    data: Data = None,
    pictures: Pictures = 200,
) -> None:
    """Measure throughput and, apart from it, latency at a camera's rate, with all they cost."""

    def work() -> int:
        from edge.cli.bench_job import run_bench

        settings = BenchSettings(
            bundles=tuple(bundles or ()),
            pipeline=pipeline or not bundles,
            source=source,
            device=device,
            precision=precision,
            threads=threads,
            seconds=seconds,
            warm_up_s=warmup,
            rate=rate,
            json=json,
            html=html,
            data=data,
            pictures=pictures,
        )
        return run_bench(settings)

    raise typer.Exit(exit_code_of(PROGRAM, work))


def main() -> None:
    """Run the command and end the process with its exit code."""
    words = sys.argv[1:]
    if words[:1] == ["compare"]:
        bench_compare.app(words[1:], prog_name=bench_compare.PROGRAM)
    if words[:1] == ["models"]:
        from edge.bundle.zoo import shipped_names

        words = [*shipped_names(), "--precision", "all", *words[1:]]
    app(words, prog_name=PROGRAM)
