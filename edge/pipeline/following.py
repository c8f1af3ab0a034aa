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


@dataclass(slots=True, eq=False)
class _Followed:
    """One source: its tracker, the latest forecasts by the turns of their frames, and when what was planned.

    `planned` and `told` count its frames so far; those `waiting` have an outcome before their turn.
    """

    tracker: Tracker
    forecasts: deque[tuple[int, Forecast]]
    live: bool
    detect_s: float = -math.inf
    ran_s: dict[str, float] = field(default_factory=dict)
    planned: int = 0
    told: int = 0
    waiting: dict[int, tuple[Captured, Finished | Failed]] = field(default_factory=dict)


class Following:
    """Takes the results of each source in frame order, whichever lane has the next one, and plans frames by them.

    Of a recording the plan of a frame depends on the frames at least as many before it as there are lanes, so that it
    does not depend on how fast each was; a lane waits for that. Of a live source it depends on all that is known.
    Sources whose pictures do not follow one another are left alone.
    `detector_may_rest` unless models leave no way to tell that a hand is still there.
    """

    def __init__(
        self,
        settings: TrackingSettings,
        tasks: Sequence[Task],
        *,
        sources: Sequence[Source],
        lanes: int,
        detector_may_rest: bool,
    ) -> None:
        trusts = [(trusted_presence(task.contract), task.contract.task) for task in tasks]
        trusted = [(trust, kind) for trust, kind in trusts if trust]
        self._trust = trusted[0][0] if len(trusted) == 1 else 0.0
        self._least_score = _least_score(tasks)
        self._may_rest = detector_may_rest and [kind for _, kind in trusted] == ["keypoints"]
        self._settings, self._lanes = settings, lanes
        self._turn = threading.Condition()
        self._numbers = itertools.count()
        self._sources = [self._followed_source(live=source.live) if source.continuous else None for source in sources]

    def plan(self, captured: Captured, *, is_stale: bool = False) -> Plan:
        """Return what to do with a frame; every frame must be planned, and `told` afterwards.

        One that is stale is not looked at, and uses up no model's turn.
        """
        source = self._sources[captured.source]
        if source is None:
            return EVERYTHING
        with self._turn:
            if not source.live:
                self._turn.wait_for(
                    lambda: source.planned == captured.turn and source.told > captured.turn - self._lanes
                )
            try:
                return EVERYTHING if is_stale else self._plan(source, captured)
            finally:
                source.planned += 1
                self._turn.notify_all()

    def told(self, captured: Captured, outcome: Finished | Failed) -> Iterator[tuple[int, Finished | Failed]]:
        """Take the outcome of a frame and yield the places and outcomes of all frames whose turn it is."""
        source = self._sources[captured.source]
        if source is None:
            yield captured.place, outcome
            return
        with self._turn:
            source.waiting[captured.turn] = captured, outcome
            while (waiting := source.waiting.pop(source.told, None)) is not None:
                try:
                    yield waiting[0].place, self._followed(source, *waiting)
                except Exception as error:  # noqa: BLE001 - crosses to the consumer's thread, which raises it
                    yield waiting[0].place, Failed(error)
                source.told += 1
            self._turn.notify_all()

    def _followed_source(self, *, live: bool) -> _Followed:
        tracker = Tracker(self._settings, numbers=self._numbers, trust=self._trust, least_score=self._least_score)
        return _Followed(tracker, deque([(-1, tracker.forecast)], maxlen=1 if live else self._lanes + 1), live)

    def _plan(self, source: _Followed, captured: Captured) -> Plan:
        time_s = captured.time_s
        last = math.inf if source.live else captured.turn - self._lanes
        forecast = next((known for turn, known in reversed(source.forecasts) if turn <= last), Forecast.nothing())
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

    def _followed(self, source: _Followed, captured: Captured, outcome: Finished | Failed) -> Finished | Failed:
        if isinstance(outcome, Failed) or outcome.result.hands is UNSEEN:
            return outcome
        result = outcome.result
        hands = source.tracker.told(result.hands, captured.time_s)
        source.forecasts.append((captured.turn, source.tracker.forecast))
        total_ms = (time.monotonic_ns() - captured.frame.time_ns) / 1e6
        track_ms = total_ms - result.latency_ms["total"]
        stages_ms = {stage: value_ms for stage, value_ms in result.latency_ms.items() if stage != "total"}
        latency_ms = {**stages_ms, "track": track_ms, "total": total_ms}
        return Finished(outcome.frame, replace(result, hands=hands, latency_ms=latency_ms))


def _least_score(tasks: Sequence[Task]) -> float:
    """Return the score that a hand has at least once all models have looked."""
    last = [task for task in tasks if not task.needs_hands or trusted_presence(task.contract)][-1:]
    return max((getattr(task, "min_score", 0.0) for task in last), default=0.0)


def following_of(
    lanes: Sequence[Lane], sources: Sequence[Source], settings: TrackingSettings | None
) -> Following | None:
    """Return who follows the hands of sources through a run; None where no frames are one after another."""
    if settings is None or not any(source.continuous for source in sources):
        return None
    may_rest = all(lane.detector_may_rest for lane in lanes)
    return Following(settings, lanes[0].tasks, sources=sources, lanes=len(lanes), detector_may_rest=may_rest)


def require_rates(settings: TrackingSettings, tasks: Sequence[Task], *, on_gpu: bool = False) -> None:
    """Raise `UsageError` unless each rate is that of a task that may rest, which none does on a GPU."""
    if settings.rates and on_gpu:
        raise UsageError("models have no rates of their own on a GPU yet; leave the rates out, or use device cpu")
    by_name = {task.name: task for task in tasks}
    for name in settings.rates:
        task = by_name.get(name)
        if task is None:
            raise UsageError(f"rates are for models in use, got {name!r}; use one of {', '.join(by_name)}")
        if not task.needs_hands or task.contract.task == "keypoints" or trusted_presence(task.contract):
            raise UsageError(f"{name} tells where hands are and has no rate of its own; set detect_every_s instead")
