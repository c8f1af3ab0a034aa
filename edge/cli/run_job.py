# SPDX-License-Identifier: Apache-2.0
"""What `edge-run` does once its options are parsed."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edge.cli.outcome import tell
from edge.cli.progress import with_progress
from edge.cli.reloading import Reloading
from edge.cli.run_log import faults_told
from edge.cli.stop_signals import StopSignals
from edge.config import Config
from edge.configured_run import ConfiguredRun
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.pipeline import RunSummary

_MOST_NAMED = 5


def run_job(config: Config, *, reload: Callable[[], Config] | None = None) -> int:
    """Run the pipeline, write what was asked for, print the summary, and return the exit code. Raises `EdgeError`.

    With `reload`, SIGHUP calls it for a new configuration in place of ending the run.
    """
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _print_warning
        stack.enter_context(faults_told())
        signals = stack.enter_context(StopSignals(hang_up=reload is None))
        _leave_when_stopped(signals)
        reloading = None if reload is None else stack.enter_context(Reloading(reload, tell=_tell))
        run = stack.enter_context(ConfiguredRun(config, on_quit=signals.stop, tell=_tell))
        signals.on_stop = run.stop
        if reloading is not None:
            stack.enter_context(reloading.applied_to(run))
        error: EdgeError | None = None
        try:
            for _ in with_progress(run, total=run.frame_count):
                pass
        except EdgeError as fault:
            error = fault
        _print_summary(run.config, run.summary(), error)
    if error is not None:
        raise error
    return signals.exit_code or 0


def _leave_when_stopped(signals: StopSignals) -> None:
    """Let a signal leave at once: a camera may not answer, an engine take minutes, a sink wait for a pipe's reader."""

    def leave() -> None:
        sys.exit(signals.exit_code)

    signals.on_stop = leave
    if signals.received is not None:
        leave()


def _tell(line: str) -> None:
    tell(f"edge-run: {line}")


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    _tell(str(message))


def _print_summary(config: Config, summary: RunSummary, error: EdgeError | None) -> None:
    for file in summary.skipped[:_MOST_NAMED]:
        tell(f"skipped {file.path}: {file.reason}")
    more = len(summary.skipped) - _MOST_NAMED
    if more > 0:
        tell(f"skipped {more} more" + ("" if config.summary == "json" else "; --json names them all"))
    if config.summary == "json":
        print(json.dumps({**summary.to_dict(), "error": None if error is None else str(error)}))
    elif not config.lines_on_standard_output:
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
