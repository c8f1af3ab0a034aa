# SPDX-License-Identifier: Apache-2.0
"""Energy of a PC's processor by RAPL: https://docs.kernel.org/power/powercap/powercap.html."""

from __future__ import annotations

import os
from pathlib import Path

from edge.telemetry.readings import Found
from edge.telemetry.sysfs import number_from_file, text_from_file


class Rapl:
    """The packages' counters, which start again at their end and are put together to ones that only grow."""

    name = "RAPL"

    def __init__(self, root: Path) -> None:
        zones = sorted((root / "sys/class/powercap").glob("intel-rapl:?"))
        named = {text_from_file(path / "name") or path.name: path for path in zones}
        # The platform's counter, where there is one, holds the packages' again.
        self._zones = {name: path for name, path in named.items() if name != "psys"} or named
        self._last_uj: dict[str, float] = {}
        self._wrapped_uj: dict[str, float] = {}

    def read(self) -> Found:
        """Return joules by package, since an unknown start."""
        joules: dict[str, float] = {}
        for name, path in self._zones.items():
            energy_uj = number_from_file(path / "energy_uj")
            if energy_uj is None:
                continue
            if energy_uj < self._last_uj.get(name, 0.0):
                end_uj = number_from_file(path / "max_energy_range_uj") or self._last_uj[name]
                self._wrapped_uj[name] = self._wrapped_uj.get(name, 0.0) + end_uj
            self._last_uj[name] = energy_uj
            joules[name] = (energy_uj + self._wrapped_uj.get(name, 0.0)) / 1e6
        return Found(joules=joules, unknown={} if joules else {"power_w": self._why_not()})

    def _why_not(self) -> str:
        path = next(iter(self._zones.values()), None)
        if path is None:
            return "the kernel shows no RAPL"
        if os.access(path / "energy_uj", os.R_OK):
            return "RAPL's counter has no number"
        return f"only root may read RAPL: sudo chmod a+r {path / 'energy_uj'}"
