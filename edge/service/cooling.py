# SPDX-License-Identifier: Apache-2.0
"""`Cooling`: looks at the sensors and says how far work is slowed down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from edge.service.governor import Governor
from edge.service.sensors import Condition, Sensors
from edge.service.settings import CoolingSettings

log = logging.getLogger("edge.service")


class Cooling:
    """Slows work down by the `settings` and what `sensors` say, and logs that; `on_cores` is told when cores change."""

    def __init__(
        self, settings: CoolingSettings, sensors: Sensors, *, on_cores: Callable[[], None] = lambda: None
    ) -> None:
        self._governor = Governor(settings)
        self._sensors, self._on_cores = sensors, on_cores
        self._condition: Condition | None = None

    @property
    def step(self) -> int:
        """How many times the rate of frames is halved."""
        return self._governor.step

    def look(self, now_s: float | None = None) -> None:
        """Read the sensors, and slow down or speed up."""
        before, now = self._condition, self._sensors()
        self._condition = now
        if before is not None and before.power_mode != now.power_mode:
            log.warning("the power mode is %s now, not %s", now.power_mode, before.power_mode)
        if before is not None and before.cores != now.cores:
            log.warning("%d cores are there now, not %d", now.cores, before.cores)
            self._on_cores()
        step = self._governor.step
        if self._governor.observe(now, time.monotonic() if now_s is None else now_s):
            verb = "slows down" if self._governor.step > step else "speeds up"
            log.warning("%s to %s: %s", verb, self._told_step(), self._governor.reason)

    def told(self) -> list[str]:
        """Return what the status line says of it, nothing at full speed."""
        return [f"slowed down to {self._told_step()}: {self._governor.reason}"] if self.step else []

    def status(self) -> dict[str, Any]:
        """Return what the status file says of it."""
        now = self._condition or Condition()
        return {
            "step": self.step,
            "reason": self._governor.reason,
            "temperature_c": now.temperature_c,
            "throttle_events": now.throttle_events,
            "throttled_by": list(now.throttled_by),
            "power_mode": now.power_mode,
            "cores": now.cores,
        }

    def _told_step(self) -> str:
        return f"1/{2**self.step} of the rate" if self.step else "the full rate"
