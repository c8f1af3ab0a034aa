# SPDX-License-Identifier: Apache-2.0
"""The options of `edge-run`, as words."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

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
_DEVICE = typer.Option(metavar="auto|cpu|gpu", help="Processor that runs the models.  [auto]")
_THREADS = typer.Option(metavar="N", help="Frames worked on at the same time.  [one a core, three on a GPU]")
_MIN_SCORE = typer.Option(metavar="X", help="Least score of a hand, 0 to 1.  [the detector's own]")
_CONFIG = typer.Option(
    metavar="FILE", help="Configuration in YAML; options replace what it says, SIGHUP reads it again."
)
_PRINT_CONFIG = typer.Option("--print-config", help="Print the whole configuration in effect as YAML, and end.")
_NO_TRACKING = typer.Option("--no-tracking", help="Look at each frame of a video or camera as at a picture.")
_DETECT_EVERY = typer.Option(
    metavar="SECONDS", help="How often the detector runs while hands are followed; 0: every frame.  [0.25]"
)
_RATE = typer.Option(
    metavar="NAME=HZ", help="How often a model runs at most, its last answer standing meanwhile; may be repeated."
)
_MAX_AGE_MS = typer.Option(metavar="MS", help="Drop frames of a live source that are older, and count them.")
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
    device: Annotated[str | None, _DEVICE] = None,
    threads: Annotated[str | None, _THREADS] = None,
    min_score: Annotated[str | None, _MIN_SCORE] = None,
    no_tracking: Annotated[bool, _NO_TRACKING] = False,
    detect_every: Annotated[str | None, _DETECT_EVERY] = None,
    rate: Annotated[list[str] | None, _RATE] = None,
    max_age_ms: Annotated[str | None, _MAX_AGE_MS] = None,
    json: Annotated[bool, _JSON] = False,
    config: Annotated[str | None, _CONFIG] = None,
    print_config: Annotated[bool, _PRINT_CONFIG] = False,
) -> None:
    """Find hands in a video, in pictures or before a camera, their gestures and keypoints."""
    options = locals()
    # Inside the parser too, which has an exit code of its own for a reader that leaves.
    raise typer.Exit(exit_code_of("edge-run", lambda: _work(**options)))


def _work(context: typer.Context, source: str | None, *, print_config: bool, **options: Any) -> int:  # noqa: ANN401 - as they were written
    from edge.cli.run_settings import config_from_options

    options["positionals"] = [word for word in (source, *context.args) if word]
    chosen = partial(config_from_options, needs_source=not print_config, **options)
    if print_config:
        from edge.config import yaml_from_config

        print(yaml_from_config(chosen()), end="")
        return 0
    from edge.cli.run_job import run_job

    return run_job(chosen(), reload=None if options["config"] is None else chosen)
