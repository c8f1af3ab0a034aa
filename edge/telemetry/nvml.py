# SPDX-License-Identifier: Apache-2.0
"""Power, temperature, clocks and memory of the first GPU, by NVML, without any package.

https://docs.nvidia.com/deploy/nvml-api/; on Orin its calls answer "not supported", and the board's own sensors tell.
"""

from __future__ import annotations

import ctypes

from edge.telemetry.readings import Found

_LIBRARY = "libnvidia-ml.so.1"
# nvmlTemperatureSensors_t and nvmlClockType_t of nvml.h
_TEMPERATURE_GPU, _CLOCK_SM, _CLOCK_MEMORY = 0, 1, 2
# nvmlClocksEventReason*: what slows a GPU that has work; idleness (1) and clocks set on purpose (2) are none of these.
_SLOWED_BY = {
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "power brake",
}


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The first GPU that the driver's library knows."""

    name = "NVML"

    def __init__(self) -> None:
        self._device = ctypes.c_void_p()
        self._why_not: str | None = None
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError:
            self._why_not = f"there is no NVIDIA driver, {_LIBRARY} cannot be loaded"
            return
        status = self._library.nvmlInit_v2() or self._library.nvmlDeviceGetHandleByIndex_v2(
            0, ctypes.byref(self._device)
        )
        if status:
            self._why_not = f"NVML finds no GPU: {self._told(status)}"

    def read(self) -> Found:
        """Return what this GPU tells; each figure may be missing by itself."""
        if self._why_not is not None:
            return Found(unknown={"power_w": self._why_not, "gpu_memory_mb": self._why_not})
        unknown: dict[str, str] = {}

        def asked(figure: str, call: str, value: ctypes.c_uint | ctypes.c_ulonglong, *before: int) -> int | None:
            status = getattr(self._library, call)(self._device, *before, ctypes.byref(value))
            if status:
                unknown.setdefault(figure, f"NVML: {self._told(status)}")
                return None
            return value.value

        power_mw = asked("power_w", "nvmlDeviceGetPowerUsage", ctypes.c_uint())
        energy_mj = asked("energy_j", "nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong())
        degrees = asked("temperatures_c", "nvmlDeviceGetTemperature", ctypes.c_uint(), _TEMPERATURE_GPU)
        clocks = {
            name: asked("clocks_mhz", "nvmlDeviceGetClockInfo", ctypes.c_uint(), kind)
            for name, kind in (("gpu", _CLOCK_SM), ("gpu memory", _CLOCK_MEMORY))
        }
        reasons = asked("throttled_by", "nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.c_ulonglong())
        return Found(
            rails_w={} if power_mw is None else {"gpu": power_mw / 1e3},
            joules={} if energy_mj is None else {"gpu": energy_mj / 1e3},
            temperatures_c={} if degrees is None else {"gpu": float(degrees)},
            clocks_mhz={name: float(mhz) for name, mhz in clocks.items() if mhz is not None},
            throttled_by=None if reasons is None else tuple(told for bit, told in _SLOWED_BY.items() if reasons & bit),
            gpu_memory_mb=self._used_mb(unknown),
            unknown=unknown,
        )

    def _used_mb(self, unknown: dict[str, str]) -> float | None:
        memory = _Memory()
        status = self._library.nvmlDeviceGetMemoryInfo(self._device, ctypes.byref(memory))
        if status:
            unknown["gpu_memory_mb"] = f"NVML: {self._told(status)}"
            return None
        return float(memory.used / 2**20)

    def _told(self, status: int) -> str:
        describe = self._library.nvmlErrorString
        describe.restype = ctypes.c_char_p
        return str((describe(status) or b"an unknown error").decode(errors="replace"))
