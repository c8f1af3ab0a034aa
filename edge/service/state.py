# SPDX-License-Identifier: Apache-2.0
"""`State`: what the threads of the service know of each other, and how it is told."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.pipeline.run import PipelineRun
from edge.pipeline.summary import RunSummary
from edge.service.cooling import Cooling
from edge.service.job import Session, dropped_by_sinks
from edge.service.kept_sink import KeptSink
from edge.service.replacement import Replacement
from edge.service.status import boot_id
from edge.sinks.rate import Rate

FPS_FOR_S = 5.0
"""How long after a result its rate is still told."""


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """A run with the session that it is of."""

    run: PipelineRun
    session: Session


class State:
    """Written by the thread of the runs, read by the one that watches; each attribute is replaced as a whole.

    Attributes:
        current: the run that goes on, None in between.
        replacement: the pipeline that is to come.
        cooling: what slows work down.
        is_stopping, is_stopped: whether the end was asked for, and is reached.
        no_gpu: why there is no GPU to go over to, where one is wanted.
    """

    def __init__(self, cooling: Cooling) -> None:
        self.current: CurrentRun | None = None
        self.replacement: Replacement | None = None
        self.cooling = cooling
        self.is_stopping = self.is_stopped = False
        self.no_gpu: str | None = None
        self._rate, self._fps, self._results = Rate(), 0.0, 0
        self._started_s = self._answered_s = self._result_s = time.monotonic()

    def answered(self, now_s: float, *, is_heartbeat: bool) -> None:
        """Note that the models answered."""
        self._answered_s = now_s
        if not is_heartbeat:
            self._results += 1
            self._result_s = now_s
            self._fps = self._rate.tick(now_s) or 0.0

    def doing(self) -> str:
        """Return in one line what the service does now."""
        current = self.current
        if self.is_stopped:
            return "stopped"
        if self.is_stopping:
            return "stopping"
        if current is None:
            return "starting"
        session, device, now_s = current.session, current.session.pipeline.device.name, time.monotonic()
        states = {feed.source.name: feed.state(now_s) for feed in session.feeds}
        missing = [name for name, state in states.items() if state not in {"live", "ended"}]
        if now_s - self._answered_s > 2 * session.idle_s:
            told = f"no answer of the models on {device} for more than {2 * session.idle_s:g} s"
        elif "live" in states.values():
            told = f"{self._fps:.0f} FPS on {device}"
        else:
            told = f"ready on {device}"
        waits = [f"waits for {' and '.join(missing)}"] if missing else []
        coming = [self.replacement.doing] if self.replacement is not None and self.replacement.is_at_work else []
        return ", ".join((told, *waits, *self.cooling.told(), *coming))

    def status(self) -> dict[str, Any]:
        """Return what the status file says; ages are in seconds."""
        now_s, current = time.monotonic(), self.current
        return {
            "doing": self.doing(),
            "pid": os.getpid(),
            "boot_id": boot_id(),
            "monotonic_s": round(now_s, 3),
            "running_s": round(now_s - self._started_s, 1),
            "results": self._results,
            "fps": round(self._fps, 2) if now_s - self._result_s < FPS_FOR_S else 0.0,
            "cooling": self.cooling.status(),
            **({} if current is None else self._status_of_run(current, now_s)),
        }

    def _status_of_run(self, current: CurrentRun, now_s: float) -> dict[str, Any]:
        session, summary = current.session, current.run.summary()
        device, replacement = summary.device, self.replacement
        on_cpu = self.no_gpu if replacement is None else replacement.doing
        reason = on_cpu if device.name == "cpu" and on_cpu is not None else device.reason
        return {
            "device": {"name": device.name, "reason": reason, "lanes": session.lanes},
            "models": dict(summary.models),
            "latency_ms": {rank: round(value_ms, 2) for rank, value_ms in summary.latency_ms.items()},
            "sources": [feed.status(now_s) for feed in session.feeds],
            "sinks": _status_of_sinks(session.sinks, summary, session.dropped, now_s),
        }


def _status_of_sinks(
    sinks: list[KeptSink], summary: RunSummary, before: Mapping[str, int], now_s: float
) -> list[dict[str, Any]]:
    lost = dropped_by_sinks(sinks, summary.dropped)
    return [
        {
            "name": sink.name,
            "written": sink.written,
            "last_written_age_s": _age_s(sink.latest_s, now_s),
            "dropped": lost[sink.name] + before.get(sink.name, 0),
            "lost": dict(sink.lost),
            "errors": sink.errors,
            "last_error": sink.latest_error,
        }
        for sink in sinks
    ]


def _age_s(then_s: float | None, now_s: float) -> float | None:
    return None if then_s is None else round(max(now_s - then_s, 0.0), 3)
