# SPDX-License-Identifier: Apache-2.0
"""`Governor`: from heat and throttling to how far work is slowed down."""

from __future__ import annotations

from edge.service.sensors import Condition
from edge.service.settings import CoolingSettings

COOL_FOR_S = 60.0
"""How long the machine must have been cool before one step back."""
SETTLE_S = 5.0
"""How long after a step the next one comes at the earliest; an event meanwhile waits for it."""
STILL_HOT_S = 15.0
"""How long a step may take to show its effect before heat that stays is an event again."""


class Governor:
    """A state machine that reads no clock and no file: `step` is how many times the rate is halved, `reason` says why.

    It goes one step up at an event: heat, throttling that begins, or a counter of it that grew. It goes one step down
    after a minute without any of it and below `cool_c`, so that it cannot swing more than once a minute.
    """

    def __init__(self, settings: CoolingSettings) -> None:
        self.step = 0
        self.reason = "the machine is cool"
        self._settings = settings
        self._before: Condition | None = None
        self._pending: str | None = None
        self._stepped_s: float | None = None
        self._warm_s = 0.0

    def observe(self, condition: Condition, now_s: float) -> bool:
        """Take what the sensors say at `now_s` on the monotonic clock; return whether `step` changed."""
        since_step_s = float("inf") if self._stepped_s is None else now_s - self._stepped_s
        event = self._event(condition, since_step_s)
        self._before = condition
        self._pending = event or self._pending
        if event is not None or self._is_warm(condition):
            self._warm_s = now_s
        if self.step >= self._settings.most_steps:
            self._pending = None
        if self._pending is not None:
            return since_step_s >= SETTLE_S and self._go(1, self._pending, now_s)
        if self.step and min(now_s - self._warm_s, since_step_s) >= COOL_FOR_S:
            return self._go(-1, f"the machine was cool for {COOL_FOR_S:g} s", now_s)
        return False

    def _go(self, by: int, reason: str, now_s: float) -> bool:
        self.step += by
        self.reason, self._pending, self._stepped_s = reason, None, now_s
        return True

    def _event(self, condition: Condition, since_step_s: float) -> str | None:
        before = self._before or Condition(throttle_events=condition.throttle_events)
        if self._is_hot(condition) and (not self._is_hot(before) or since_step_s >= STILL_HOT_S):
            return f"{condition.temperature_c:.0f} degrees Celsius"
        if condition.throttled_by and not before.throttled_by:
            return f"throttled by {', '.join(condition.throttled_by)}"
        counts = condition.throttle_events, before.throttle_events
        if counts[0] is not None and counts[1] is not None and counts[0] > counts[1]:
            return "the hardware throttled: heat or too little current"
        return None

    def _is_hot(self, condition: Condition) -> bool:
        return condition.temperature_c is not None and condition.temperature_c >= self._settings.hot_c

    def _is_warm(self, condition: Condition) -> bool:
        is_warm = condition.temperature_c is not None and condition.temperature_c >= self._settings.cool_c
        return is_warm or bool(condition.throttled_by)
