# SPDX-License-Identifier: Apache-2.0
"""What `edge-run` does once its options are parsed."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edge.cli.outcome import tell
from edge.cli.progress import with_progress
from edge.cli.run_log import faults_told
from edge.cli.run_settings import RunSettings
from edge.cli.stop_signals import StopSignals
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.pipeline import PipelineRun, RunSummary
    from edge.sinks import Sink
    from edge.sources import Source

_MOST_NAMED = 5


def run_job(settings: RunSettings) -> int:
    """Run the pipeline, write what was asked for, print the summary, and return the exit code. Raises `EdgeError`."""
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _print_warning
        stack.enter_context(faults_told())
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

    _leave_when_stopped(signals)
    reconnect = "never" if settings.fail_fast else "once_live"
    sources = [stack.enter_context(open_source(source, reconnect=reconnect)) for source in settings.sources]
    models = settings.models or DEFAULT_MODELS
    pipeline = Pipeline(
        models if settings.mask is None else with_segmenter(models),
        device=settings.device,
        threads=settings.threads,
        min_score=settings.min_score,
    )
    stack.enter_context(pipeline)
    sinks = _sinks(settings, signals)
    run = pipeline.run_all(sources, max_frames=settings.max_frames, sinks=sinks)
    signals.on_stop = run.stop
    stack.enter_context(run)
    return run, _frames_expected(sources, settings.max_frames)


def _frames_expected(sources: Sequence[Source], max_frames: int | None) -> int | None:
    """Return how many results will come, where that is known."""
    expected = 0
    for source in sources:
        counts = [count for count in (source.frame_count, max_frames) if count is not None]
        if not counts:
            return None
        expected += min(counts)
    return expected


def _leave_when_stopped(signals: StopSignals) -> None:
    """Let a signal leave at once: a camera may not answer, an engine take minutes, a sink wait for a pipe's reader."""

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
    for status in summary.sources:
        lost = ", ".join(f"{count} ({reason})" for reason, count in status.reconnects.items())
        lines.append(f"source   {status.name} {status.state.value}, lost and found again {lost or '0'}")
    if summary.skipped:
        lines.append(f"skipped  {len(summary.skipped)} unreadable files")
    return "\n".join(lines)
