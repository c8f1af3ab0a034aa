# SPDX-License-Identifier: Apache-2.0
"""`Following`: the trackers of a run, and what lanes do by them."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edge.errors import UsageError
from edge.pipeline.conveyor import Captured, Failed, Finished
from edge.pipeline.freshness import UNSEEN
from edge.pipeline.plan import EVERYTHING, Plan
from edge.sources.source import Source
from edge.tasks.loading import trusted_presence
from edge.tasks.task import Task
from edge.tracking.forecast import Forecast
from edge.tracking.settings import TrackingSettings
from edge.tracking.tracker import Tracker

if TYPE_CHECKING:
    from edge.pipeline.lane import Lane

_TOLERANCE_S = 1e-6


@dataclass(slots=True)
class _Followed:
    """One source: its tracker, the latest forecasts by the place of their frames, and when what was planned."""

    tracker: Tracker
    forecasts: deque[tuple[int, Forecast]]
    detect_s: float = -math.inf
    ran_s: dict[str, float] = field(default_factory=dict)


class Following:
    """Takes the results of a run in frame order, whichever lane has the next one, and plans frames by them.

    Of a recording the plan of a frame depends on the frames at least as many before it as there are lanes, so that it
    does not depend on how fast each was; a lane waits for that. Of a live source it depends on all that is known.
    `detector_may_rest` unless models leave no way to tell that a hand is still there.
    """

    def __init__(
        self, settings: TrackingSettings, tasks: Sequence[Task], *, lanes: int, live: bool, detector_may_rest: bool
    ) -> None:
        trusts = [(trusted_presence(task.contract), task.contract.task) for task in tasks]
        trusted = [(trust, kind) for trust, kind in trusts if trust]
        self._trust = trusted[0][0] if len(trusted) == 1 else 0.0
        self._may_rest = detector_may_rest and [kind for _, kind in trusted] == ["keypoints"]
        self._settings, self._live, self._lanes = settings, live, lanes
        self._turn = threading.Condition()
        self._numbers = itertools.count()
        self._sources: dict[str, _Followed] = {}
        self._waiting: dict[int, tuple[Captured, Finished | Failed]] = {}
        self._planned = self._told = 0

    def plan(self, captured: Captured) -> Plan:
        """Return what to do with a frame; every frame must be planned, and `told` afterwards."""
        with self._turn:
            if not self._live:
                self._turn.wait_for(
                    lambda: self._planned == captured.place and self._told > captured.place - self._lanes
                )
            try:
                return EVERYTHING if captured.frame.path is not None else self._plan(captured)
            finally:
                self._planned += 1
                self._turn.notify_all()

    def told(self, captured: Captured, outcome: Finished | Failed) -> Iterator[tuple[int, Finished | Failed]]:
        """Take the outcome of a frame and yield the places and outcomes of all frames whose turn it is."""
        with self._turn:
            self._waiting[captured.place] = captured, outcome
            while (waiting := self._waiting.pop(self._told, None)) is not None:
                try:
                    yield self._told, self._followed(*waiting)
                except Exception as error:  # noqa: BLE001 - crosses to the consumer's thread, which raises it
                    yield self._told, Failed(error)
                self._told += 1
            self._turn.notify_all()

    def _source(self, name: str) -> _Followed:
        source = self._sources.get(name)
        if source is None:
            tracker = Tracker(self._settings, numbers=self._numbers, trust=self._trust)
            forecasts = deque([(-1, tracker.forecast)], maxlen=1 if self._live else self._lanes + 1)
            source = self._sources[name] = _Followed(tracker, forecasts)
        return source

    def _plan(self, captured: Captured) -> Plan:
        source, time_s = self._source(captured.frame.source), captured.time_s
        last = math.inf if self._live else captured.place - self._lanes
        forecast = next((known for place, known in reversed(source.forecasts) if place <= last), Forecast.nothing())
        resting = frozenset(
            name for name, hz in self._settings.rates.items() if not self._is_due(source, name, hz, forecast, time_s)
        )
        rescue_s = self._settings.detect_every_s + self._settings.lose_after_s
        plan = Plan(resting, len(forecast.ids), forecast=forecast if self._may_rest else None, rescue_s=rescue_s)
        detected_s = max(source.detect_s, forecast.detected_s)
        if self._may_rest and 0 <= time_s - detected_s < self._detect_every_s(forecast) - _TOLERANCE_S:
            hands = forecast.hands_at(time_s, (captured.frame.width_px, captured.frame.height_px))
            if hands is not None:
                return replace(plan, hands=hands)
        source.detect_s = time_s
        return plan

    def _detect_every_s(self, forecast: Forecast) -> float:
        if forecast.detected_s == -math.inf:
            return 0.0
        every_s = self._settings.detect_every_s
        return min(every_s, self._settings.search_every_s) if not len(forecast.ids) or forecast.misses else every_s

    @staticmethod
    def _is_due(source: _Followed, name: str, hz: float, forecast: Forecast, time_s: float) -> bool:
        ran_s = source.ran_s.get(name, -math.inf)
        due = not ran_s <= time_s < ran_s + 1 / hz - _TOLERANCE_S or forecast.newest_s >= ran_s
        if due:
            source.ran_s[name] = time_s
        return due

    def _followed(self, captured: Captured, outcome: Finished | Failed) -> Finished | Failed:
        if isinstance(outcome, Failed) or captured.frame.path is not None or outcome.result.hands is UNSEEN:
            return outcome
        source, result = self._source(captured.frame.source), outcome.result
        hands = source.tracker.told(result.hands, captured.time_s)
        source.forecasts.append((captured.place, source.tracker.forecast))
        total_ms = (time.monotonic_ns() - captured.frame.time_ns) / 1e6
        track_ms = total_ms - result.latency_ms["total"]
        latency_ms = {**result.latency_ms, "track": track_ms, "total": total_ms}
        return Finished(outcome.frame, replace(result, hands=hands, latency_ms=latency_ms))


def following_of(lanes: Sequence[Lane], source: Source, settings: TrackingSettings | None) -> Following | None:
    """Return who follows the hands of a source through a run; None where its frames are not one after another."""
    if settings is None or not source.continuous:
        return None
    may_rest = all(lane.detector_may_rest for lane in lanes)
    return Following(settings, lanes[0].tasks, lanes=len(lanes), live=source.live, detector_may_rest=may_rest)


def require_rates(settings: TrackingSettings, tasks: Sequence[Task]) -> None:
    """Raise `UsageError` unless each rate is that of a task that may rest."""
    by_name = {task.name: task for task in tasks}
    for name in settings.rates:
        task = by_name.get(name)
        if task is None:
            raise UsageError(f"rates are for models in use, got {name!r}; use one of {', '.join(by_name)}")
        if not task.needs_hands or task.contract.task == "keypoints" or trusted_presence(task.contract):
            raise UsageError(f"{name} tells where hands are and has no rate of its own; set detect_every_s instead")
