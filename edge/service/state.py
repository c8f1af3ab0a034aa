# SPDX-License-Identifier: Apache-2.0
"""`State`: what the threads of the service know of each other, and how it is told."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from edge.pipeline.summary import RunSummary
from edge.service.cooling import Cooling
from edge.service.current_run import CurrentRun
from edge.service.feed import Feed
from edge.service.job import dropped_by_sinks
from edge.service.kept_sink import KeptSink
from edge.service.replacement import Replacement
from edge.service.status import boot_id
from edge.sinks.rate import Rate


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
        self._started_s = self._answered_s = time.monotonic()

    def answered(self, now_s: float, *, is_heartbeat: bool) -> None:
        """Note that the models answered."""
        self._answered_s = now_s
        if not is_heartbeat:
            self._results += 1
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
        feed, device = current.session.feed, current.session.pipeline.device.name
        now_s = time.monotonic()
        if now_s - self._answered_s > 2 * feed.idle_s:
            told = f"no answer of the models on {device} for more than {2 * feed.idle_s:g} s"
        elif feed.is_live(now_s):
            told = f"{self._fps:.0f} FPS on {device}"
        else:
            told = f"ready on {device}, waits for {'a' if feed.frames else 'the first'} frame of {feed.source.name}"
        coming = [self.replacement.doing] if self.replacement is not None and self.replacement.is_at_work else []
        return ", ".join((told, *self.cooling.told(), *coming))

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
            "fps": round(self._fps, 2) if current is not None and current.session.feed.is_live(now_s) else 0.0,
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
            "sources": [_status_of_feed(session.feed, summary, now_s)],
            "sinks": _status_of_sinks(session.sinks, summary, session.dropped, now_s),
        }


def _status_of_feed(feed: Feed, summary: RunSummary, now_s: float) -> dict[str, Any]:
    dropped = {cause: count for cause, count in summary.dropped.items() if not cause.endswith(" was too slow")}
    return {
        "name": feed.source.name,
        "state": "live" if feed.is_live(now_s) else "waiting",
        "frames": feed.frames,
        "last_frame_age_s": _age_s(feed.latest_s, now_s),
        "dropped": dropped,
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
