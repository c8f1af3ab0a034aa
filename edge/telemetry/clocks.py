# SPDX-License-Identifier: Apache-2.0
"""Clocks of processors, and a Jetson's mode of power."""

from __future__ import annotations

import re
from pathlib import Path

from edge.machine.board import find_board
from edge.telemetry.readings import Found
from edge.telemetry.sysfs import number_from_file, text_from_file

_CPU_MHZ = re.compile(r"^processor\s*:\s*(\d+)$|^cpu MHz\s*:\s*([\d.]+)$", re.MULTILINE)
# The names of Tegra's GPUs in devfreq; `gpu-gpc-0` on a Thor.
_GPU = re.compile(r"gpu|ga10b|gv11b|gp10b|gm20b")


class Clocks:
    """cpufreq, else /proc/cpuinfo; devfreq for the GPU of a Jetson; its mode of power."""

    name = "cpufreq and devfreq"

    def __init__(self, root: Path) -> None:
        self._root = root
        cpus = root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")
        self._cpus = {path.parent.parent.name: path for path in sorted(cpus, key=_number)}
        self._gpu = next(
            (path for path in sorted(root.glob("sys/class/devfreq/*/cur_freq")) if _GPU.search(path.parent.name)), None
        )

    def read(self) -> Found:
        """Return clocks in MHz and the mode of power."""
        clocks_mhz = {name: khz / 1e3 for name, path in self._cpus.items() if (khz := number_from_file(path))}
        if not clocks_mhz:
            clocks_mhz = self._from_cpuinfo()
        if self._gpu is not None and (hertz := number_from_file(self._gpu)):
            clocks_mhz["gpu"] = hertz / 1e6
        unknown = {} if clocks_mhz else {"clocks_mhz": "the kernel shows no cpufreq, and /proc/cpuinfo has no clocks"}
        mode, reason = self._mode()
        return Found(clocks_mhz=clocks_mhz, power_mode=mode, unknown=unknown if mode else unknown | reason)

    def _from_cpuinfo(self) -> dict[str, float]:
        clocks_mhz, cpu = {}, ""
        for found in _CPU_MHZ.finditer(text_from_file(self._root / "proc/cpuinfo") or ""):
            if found[1]:
                cpu = f"cpu{found[1]}"
            else:
                clocks_mhz[cpu] = float(found[2])
        return clocks_mhz

    def _mode(self) -> tuple[str | None, dict[str, str]]:
        board = find_board(self._root)
        if board is None:
            return None, {"power_mode": "this machine is no Jetson"}
        if board.power_mode is None:
            return None, {"power_mode": "/var/lib/nvpmodel/status does not tell it; run nvpmodel once, or mount it"}
        return board.power_modes.get(board.power_mode, str(board.power_mode)), {}


def _number(path: Path) -> int:
    return int(path.parent.parent.name.removeprefix("cpu"))
