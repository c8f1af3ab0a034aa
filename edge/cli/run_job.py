# SPDX-License-Identifier: Apache-2.0
"""What `edge-run` does once its options are parsed."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edge.cli.outcome import tell
from edge.cli.progress import with_progress
from edge.cli.run_settings import RunSettings
from edge.cli.stop_signals import StopSignals
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.pipeline import PipelineRun, RunSummary
    from edge.sinks import Sink

_MOST_NAMED = 5


def run_job(settings: RunSettings) -> int:
    """Run the pipeline, write what was asked for, print the summary, and return the exit code. Raises `EdgeError`."""
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _print_warning
        signals = stack.enter_context(StopSignals())
        run, total = _start(settings, stack, signals)
        error: EdgeError | None = None
        try:
            for _ in with_progress(run, total=total):
                pass
        except EdgeError as fault:
            error = fault
        _print_summary(settings, run.summary(), error)
    if error is not None:
        raise error
    return signals.exit_code or 0


def _start(settings: RunSettings, stack: ExitStack, signals: StopSignals) -> tuple[PipelineRun, int | None]:
    from edge.pipeline import DEFAULT_MODELS, Pipeline, with_segmenter
    from edge.sources import open_source

    source = stack.enter_context(open_source(settings.source))
    models = settings.models or DEFAULT_MODELS
    _leave_when_stopped(signals)
    pipeline = Pipeline(
        models if settings.mask is None else with_segmenter(models),
        device=settings.device,
        threads=settings.threads,
        min_score=settings.min_score,
        tracking=settings.tracking(),
    )
    stack.enter_context(pipeline)
    sinks = _sinks(settings, signals)
    run = pipeline.run(source, max_frames=settings.max_frames, max_age_ms=settings.max_age_ms, sinks=sinks)
    signals.on_stop = run.stop
    stack.enter_context(run)
    counts = [count for count in (source.frame_count, settings.max_frames) if count is not None]
    return run, min(counts, default=None)


def _leave_when_stopped(signals: StopSignals) -> None:
    """Let a signal leave at once: an engine may take minutes to build, and a sink may wait for a pipe's reader."""

    def leave() -> None:
        sys.exit(signals.exit_code)

    signals.on_stop = leave
    if signals.received is not None:
        leave()


def _sinks(settings: RunSettings, signals: StopSignals) -> list[Sink]:
    from edge.sinks import JsonLinesSink, MaskFolderSink, VideoSink, WindowSink

    sinks: list[Sink] = []
    if settings.jsonl is not None:
        sinks.append(JsonLinesSink(settings.jsonl, masks=settings.run_lengths))
    if settings.video is not None:
        sinks.append(VideoSink(settings.video))
    if settings.mask is not None and not settings.run_lengths:
        sinks.append(MaskFolderSink(settings.mask))
    if settings.show:
        sinks.append(WindowSink(on_quit=signals.stop))
    return sinks


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    tell(f"edge-run: {message}")


def _print_summary(settings: RunSettings, summary: RunSummary, error: EdgeError | None) -> None:
    for file in summary.skipped[:_MOST_NAMED]:
        tell(f"skipped {file.path}: {file.reason}")
    more = len(summary.skipped) - _MOST_NAMED
    if more > 0:
        tell(f"skipped {more} more" + ("" if settings.json else "; --json names them all"))
    if settings.json:
        print(json.dumps({**summary.to_dict(), "error": None if error is None else str(error)}))
    elif not settings.lines_on_standard_output:
        print(_told(summary))


def _told(summary: RunSummary) -> str:
    latency = ", ".join(f"{rank} {value_ms:.1f} ms" for rank, value_ms in summary.latency_ms.items())
    dropped = ", ".join(f"{count} ({cause})" for cause, count in summary.dropped.items()) or "0"
    models = ", ".join(f"{name} {version}" for name, version in summary.models.items())
    lines = [
        f"frames   {summary.frames} in {summary.elapsed_s:.2f} s, {summary.fps:.1f} FPS",
        f"latency  {latency or 'none'}",
        f"dropped  {dropped}",
        f"device   {summary.device.name} ({summary.device.reason})",
        f"models   {models}",
    ]
    if summary.skipped:
        lines.append(f"skipped  {len(summary.skipped)} unreadable files")
    return "\n".join(lines)
