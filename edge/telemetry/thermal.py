# SPDX-License-Identifier: Apache-2.0
"""Temperatures and what heat slows down: thermal zones, cooling devices, sensors of hwmon, counters of processors.

https://docs.kernel.org/driver-api/thermal/sysfs-api.html
"""

from __future__ import annotations

import re
from pathlib import Path

from edge.telemetry.readings import Found
from edge.telemetry.sysfs import hwmons, number_from_file, text_from_file

# Sensors of processors that have no thermal zone.
_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
# Cooling devices that take speed, not those that blow.
_SLOWING = re.compile(r"throttle|alert|cpufreq|devfreq|Processor", re.IGNORECASE)
_ABSOLUTE_ZERO_C = -273.15
_OFFLINE_C = -256.0
"""What the zone of a part that is switched off tells on a Jetson."""


class ThermalZones:
    """Zones and cooling devices of the kernel."""

    name = "thermal zones"

    def __init__(self, root: Path) -> None:
        folder = root / "sys/class/thermal"
        self._zones = sorted(folder.glob("thermal_zone*"))
        self._cooling = [
            (name, path)
            for path in sorted(folder.glob("cooling_device*"))
            if _SLOWING.search(name := text_from_file(path / "type") or "")
        ]
        self._sensors = [one for one in hwmons(root) if one[0] in _SENSORS]
        self._counters = sorted(root.glob("sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"))

    def read(self) -> Found:
        """Return temperatures, active cooling that slows, and how often processors slowed down."""
        temperatures_c = self._temperatures_c()
        states = [(name, state) for name, path in self._cooling if (state := number_from_file(path / "cur_state"))]
        events = [count for path in self._counters if (count := number_from_file(path)) is not None]
        unknown = {}
        if not temperatures_c:
            unknown["temperatures_c"] = "the kernel shows no thermal zone and no sensor, as in most virtual machines"
        if not self._cooling:
            unknown["throttled_by"] = "the kernel shows no cooling device"
        if not events:
            unknown["throttle_events"] = "the kernel shows no counter of it"
        return Found(
            temperatures_c=temperatures_c,
            throttled_by=tuple(sorted({name for name, state in states if state > 0})) if self._cooling else None,
            throttle_events=int(sum(events)) if events else None,
            unknown=unknown,
        )

    def _temperatures_c(self) -> dict[str, float]:
        temperatures_c: dict[str, float] = {}
        for path in self._zones:
            _add(temperatures_c, text_from_file(path / "type") or path.name, number_from_file(path / "temp"))
        for name, folder in self._sensors:
            for path in sorted(folder.glob("temp*_input")):
                label = text_from_file(folder / path.name.replace("input", "label")) or path.name.partition("_")[0]
                _add(temperatures_c, f"{name} {label}", number_from_file(path))
        return temperatures_c


def _add(temperatures_c: dict[str, float], name: str, millidegrees: float | None) -> None:
    if millidegrees is None or millidegrees / 1e3 <= _ABSOLUTE_ZERO_C or millidegrees / 1e3 == _OFFLINE_C:
        return
    taken = sum(known.partition("#")[0] == name for known in temperatures_c)
    temperatures_c[f"{name}#{taken + 1}" if taken else name] = millidegrees / 1e3
