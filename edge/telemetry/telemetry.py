# SPDX-License-Identifier: Apache-2.0
"""`Telemetry`: all sources of a machine's figures, asked together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from edge.telemetry.clocks import Clocks
from edge.telemetry.ina import InaMonitors
from edge.telemetry.jetson_stats import JetsonStats
from edge.telemetry.nvml import Nvml
from edge.telemetry.rapl import Rapl
from edge.telemetry.readings import FIGURES, Found, Readings
from edge.telemetry.thermal import ThermalZones

_ROOT = Path("/")
_RECORDED = "a recorded tree tells nothing of it"


class TelemetrySource(Protocol):
    """One place that tells some figures."""

    name: str

    def read(self) -> Found:
        """Return what it tells now."""
        ...


class Telemetry:
    """Reads the machine whose file system is at `root`; of one that was recorded, only what files tell.

    Energy counts from the first reading on. Use as a context manager, or `close`.
    """

    def __init__(self, root: Path = _ROOT) -> None:
        self._jetson_stats = JetsonStats(root)
        self._sources: list[TelemetrySource] = [
            *(InaMonitors(root), Rapl(root), self._jetson_stats, ThermalZones(root), Clocks(root)),
            *([Nvml()] if root == _ROOT else []),
        ]
        self._meter = _Meter()

    def read(self) -> Readings:
        """Ask every source; takes a millisecond or a few."""
        time_ns = time.monotonic_ns()
        told = [(source.name, source.read()) for source in self._sources]
        values: dict[str, object] = {}
        sources: dict[str, str] = {}

        def take(figure: str, names: Sequence[str], value: object) -> None:
            if names:
                values[figure], sources[figure] = value, " and ".join(names)

        board = next(((name, found) for name, found in told if found.total_w is not None), None)
        # A board's own monitors include the GPU; without them, parts add up.
        parts = [board] if board else [(name, found) for name, found in told if found.rails_w or found.joules]
        measured = self._meter.measure(time_ns, [found for _, found in parts])
        named = [name for name, _ in parts]
        take("power_w", named if measured.power_w is not None else (), measured.power_w)
        take("rails_w", named if measured.rails_w else (), measured.rails_w)
        take("energy_j", named if measured.energy_j is not None else (), measured.energy_j)
        for figure in ("temperatures_c", "clocks_mhz"):
            maps = [(name, one) for name, found in told if (one := getattr(found, figure))]
            merged = {key: value for _, one in reversed(maps) for key, value in one.items()}
            take(figure, [name for name, _ in maps], merged)
        slowed = [(name, found.throttled_by) for name, found in told if found.throttled_by is not None]
        take("throttled_by", [name for name, _ in slowed], tuple(cause for _, causes in slowed for cause in causes))
        events = [(name, found.throttle_events) for name, found in told if found.throttle_events is not None]
        take("throttle_events", [name for name, _ in events], sum(count for _, count in events))
        for figure in ("power_mode", "gpu_memory_mb"):
            first = [(name, one) for name, found in told if (one := getattr(found, figure)) is not None][:1]
            take(figure, [name for name, _ in first], first[0][1] if first else None)
        unknown = {figure: _reason(figure, told) for figure in FIGURES if figure not in values}
        return Readings(time_ns, **values, unknown=unknown, sources=sources)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let go of the service of jetson-stats."""
        self._jetson_stats.close()

    def __enter__(self) -> Telemetry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Meter:
    """Power from counters of energy, and energy from power, since the first reading."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._last_w: Mapping[str, float] = {}
        self._last_j: Mapping[str, float] = {}
        self._sum_j = 0.0

    def measure(self, time_ns: int, parts: Sequence[Found]) -> Readings:
        """Return power, rails and energy, each None as long as it is not known."""
        elapsed_s = 0.0 if self._last_ns is None else (time_ns - self._last_ns) / 1e9
        joules = {name: value for found in parts for name, value in found.joules.items()}
        counted = {name: value - self._last_j[name] for name, value in joules.items() if name in self._last_j}
        rails_w = {name: value for found in parts for name, value in found.rails_w.items()}
        if elapsed_s > 0:
            rails_w |= {name: gain / elapsed_s for name, gain in counted.items() if name not in rails_w}
        total_w = parts[0].total_w if len(parts) == 1 else None
        power_w = sum(rails_w.values()) if total_w is None and rails_w else total_w
        flowing = {"all": total_w} if total_w is not None else {n: w for n, w in rails_w.items() if n not in joules}
        for name, watts in flowing.items():
            self._sum_j += elapsed_s * (watts + self._last_w.get(name, watts)) / 2
        if total_w is None:
            self._sum_j += sum(counted.values())
        self._last_ns, self._last_w, self._last_j = time_ns, flowing, joules
        return Readings(
            time_ns,
            power_w=power_w,
            rails_w=rails_w or None,
            energy_j=self._sum_j if flowing or joules else None,
        )


def _reason(figure: str, told: Sequence[tuple[str, Found]]) -> str:
    key = "power_w" if figure in {"rails_w", "energy_j"} else figure
    if any(found.joules for _, found in told) and key == "power_w":
        return "it is known from the second reading on"
    return "; ".join(dict.fromkeys(found.unknown[key] for _, found in told if key in found.unknown)) or _RECORDED
