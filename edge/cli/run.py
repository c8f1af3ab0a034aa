# SPDX-License-Identifier: Apache-2.0
"""`edge-run`: hands in a video, in pictures or before a camera."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of

PROGRAM = "edge-run"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class Device(str, Enum):
    """Values of `--device`."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


@app.command(epilog=EXIT_CODES)
def run(
    source: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer evaluates annotations on Python 3.10
        typer.Argument(
            metavar="SOURCE",
            help="Video file, picture, folder of pictures (with those below it), v4l2:/dev/videoN, or the built-in"
            " scene test:hands[?width=&height=&fps=&seconds=].",
            show_default=False,
        ),
    ] = None,
    *,
    camera: Annotated[str | None, typer.Option(metavar="/dev/videoN", help="Camera, in place of SOURCE.")] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME_OR_BUNDLE",
            help="Shipped model or folder of a bundle; repeat it for each model.  [hand-detector, gesture-classifier]",
            show_default=False,
        ),
    ] = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one JSON object a frame, schema edge.frame/1; - is standard output."),
    ] = None,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an annotated video: .mp4, .mkv, .avi or .webm.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show a window; q closes it.")] = False,
    max_frames: Annotated[int | None, typer.Option(metavar="N", help="End after N frames.")] = None,
    device: Annotated[Device, typer.Option(help="Processor that runs the models.")] = Device.auto,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Frames worked on at the same time.  [one a core]")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(metavar="X", help="Least score of a hand, 0 to 1.  [the detector's own]")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one JSON object on standard output.")
    ] = False,
) -> None:
    """Find hands in a video, in pictures or before a camera, and say which gesture they make."""

    def work() -> int:
        from edge.cli.run_job import RunSettings, run_job

        settings = RunSettings.from_options(
            sources=source or [],
            camera=camera,
            models=models or [],
            jsonl=jsonl,
            video=video,
            show=show,
            max_frames=max_frames,
            device=device.value,
            threads=threads,
            min_score=min_score,
            json=json,
        )
        return run_job(settings)

    raise typer.Exit(exit_code_of(PROGRAM, work))


def main() -> None:
    """Run the command and end the process with its exit code."""
    app(prog_name=PROGRAM)
