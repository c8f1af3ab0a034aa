# SPDX-License-Identifier: Apache-2.0
"""`Readings`: what a machine tells at one time; `Found`: what one source of it told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Readings:
    """Figures of one time; None stands for what is not known, and `unknown` has the reason. None is ever 0 for that.

    Attributes:
        time_ns: when they were read, on the monotonic clock.
        power_w: what all that is measured takes; `sources` names what that is.
        rails_w: power by rail or part.
        energy_j: energy since the telemetry was opened, counted by the hardware or summed up over the readings.
        temperatures_c: degrees Celsius by zone.
        clocks_mhz: clocks by their processor: `cpu0`, `gpu`.
        throttled_by: what holds the clocks down now; empty where nothing does.
        throttle_events: how often over-current or heat has done so since the machine was started.
        power_mode: mode of power of a Jetson, as `25W`.
        gpu_memory_mb: memory in use on the GPU by all programs, in MB of 2**20 bytes.
        unknown: reason by the name of every field that is None.
        sources: where each other field is from.
    """

    time_ns: int
    power_w: float | None = None
    rails_w: Mapping[str, float] | None = None
    energy_j: float | None = None
    temperatures_c: Mapping[str, float] | None = None
    clocks_mhz: Mapping[str, float] | None = None
    throttled_by: tuple[str, ...] | None = None
    throttle_events: int | None = None
    power_mode: str | None = None
    gpu_memory_mb: float | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def hottest_c(self) -> float | None:
        """The highest of the temperatures."""
        return max(self.temperatures_c.values()) if self.temperatures_c else None

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON may hold."""
        return {name: getattr(self, name) for name in ("time_ns", *FIGURES, "unknown", "sources")}


FIGURES = (
    *("power_w", "rails_w", "energy_j", "temperatures_c", "clocks_mhz", "throttled_by", "throttle_events"),
    *("power_mode", "gpu_memory_mb"),
)
"""The fields that may be None."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one source told: fields as those of `Readings`, and in `unknown` why it could not tell others.

    `total_w` is the power of the whole machine where a rail has it; `joules` are counters that only grow, by part.
    """

    rails_w: Mapping[str, float] = field(default_factory=dict)
    total_w: float | None = None
    joules: Mapping[str, float] = field(default_factory=dict)
    temperatures_c: Mapping[str, float] = field(default_factory=dict)
    clocks_mhz: Mapping[str, float] = field(default_factory=dict)
    throttled_by: tuple[str, ...] | None = None
    throttle_events: int | None = None
    power_mode: str | None = None
    gpu_memory_mb: float | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)
