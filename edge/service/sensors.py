# SPDX-License-Identifier: Apache-2.0
"""`Condition`: heat, throttling, power mode and cores of this machine at one time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Condition:
    """What the sensors say; None where there is no such sensor.

    Attributes:
        temperature_c: of the hottest sensor.
        throttle_events: how often heat or too little current held the clocks down, a counter that may be reset.
        throttled_by: what holds them down now.
        power_mode: the mode that is set.
        cores: how many this process may run on.
    """

    temperature_c: float | None = None
    throttle_events: int | None = None
    throttled_by: tuple[str, ...] = ()
    power_mode: str | None = None
    cores: int = 1


Sensors = Callable[[], Condition]


def sensors_of(telemetry: Telemetry) -> Sensors:
    """Return the sensors of a machine."""

    def read() -> Condition:
        readings = telemetry.read()
        return Condition(
            readings.hottest_c,
            readings.throttle_events,
            readings.throttled_by or (),
            readings.power_mode,
            len(os.sched_getaffinity(0)),
        )

    return read
