# SPDX-License-Identifier: Apache-2.0
"""The options of `edge-run`, as words."""

from __future__ import annotations

from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_SOURCE = typer.Argument(
    metavar="SOURCE ...",
    help="Video file, picture, folder of pictures (with those below it), v4l2:/dev/videoN, csi:N, rtsp:// or http://"
    " stream,"
    " or the built-in scene test:hands[?width=&height=&fps=&seconds=]; several run at the same time.",
    show_default=False,
)
_CAMERA = typer.Option(metavar="/dev/videoN|csi:N|URL", help="Camera, in place of SOURCE.")
_FAIL_FAST = typer.Option("--fail-fast", help="End when a camera or stream fails, instead of opening it again.")
_MODELS = typer.Option(
    metavar="NAME_OR_BUNDLE ...",
    help="Shipped models or folders of bundles.  [hand-detector gesture-classifier hand-keypoints]",
    show_default=False,
)
_JSONL = typer.Option(metavar="FILE", help="Write one JSON object a frame, schema edge.frame/1; - is standard output.")
_VIDEO = typer.Option(metavar="FILE", help="Write an annotated video: .mp4, .mkv, .avi or .webm.")
_MASK = typer.Option(
    metavar="FOLDER|rle", help="Write masks: PNG pictures into FOLDER, or rle for run lengths in the JSON of --jsonl."
)
_SHOW = typer.Option("--show", help="Show a window; q closes it.")
_MAX_FRAMES = typer.Option(metavar="N", help="End after N frames of each source.")
_DEVICE = typer.Option(metavar="auto|cpu|gpu", help="Processor that runs the models.")
_THREADS = typer.Option(metavar="N", help="Frames worked on at the same time.  [one a core, three on a GPU]")
_MIN_SCORE = typer.Option(metavar="X", help="Least score of a hand, 0 to 1.  [the detector's own]")
_JSON = typer.Option("--json", help="Print the summary as one JSON object on standard output.")


@app.command(epilog=EXIT_CODES, context_settings={"allow_extra_args": True})
def run(
    context: typer.Context,
    source: Annotated[str | None, _SOURCE] = None,
    *,
    camera: Annotated[str | None, _CAMERA] = None,
    fail_fast: Annotated[bool, _FAIL_FAST] = False,
    models: Annotated[list[str] | None, _MODELS] = None,
    jsonl: Annotated[str | None, _JSONL] = None,
    video: Annotated[str | None, _VIDEO] = None,
    mask: Annotated[str | None, _MASK] = None,
    show: Annotated[bool, _SHOW] = False,
    max_frames: Annotated[str | None, _MAX_FRAMES] = None,
    device: Annotated[str, _DEVICE] = "auto",
    threads: Annotated[str | None, _THREADS] = None,
    min_score: Annotated[str | None, _MIN_SCORE] = None,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Find hands in a video, in pictures or before a camera, their gestures and keypoints."""

    def work() -> int:
        from edge.cli import run_job, run_settings

        settings = run_settings.RunSettings.from_options(
            positionals=[word for word in (source, *context.args) if word],
            camera=camera,
            fail_fast=fail_fast,
            models=models or (),
            jsonl=jsonl,
            video=video,
            mask=mask,
            show=show,
            max_frames=max_frames,
            device=device,
            threads=threads,
            min_score=min_score,
            json=json,
        )
        return run_job.run_job(settings)

    # Inside the parser too, which has an exit code of its own for a reader that leaves.
    raise typer.Exit(exit_code_of("edge-run", work))
