# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# The calls of NVML that are used, with nvml.h's signatures.
LIBRARY = r"""
int nvmlInit_v2(void) { return INIT; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)7; return (int)index; }
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw) { *mw = 68500; return POWER; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj) { *mj = 5000000000ull; return POWER; }
int nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *c) {
  *c = 41 + sensor;
  return device != (void *)7;
}
int nvmlDeviceGetClockInfo(void *device, unsigned kind, unsigned *mhz) { *mhz = kind == 1 ? 1980 : 2619; return 0; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *bits) { *bits = 0x45; return 0; }
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *info) { info[2] = 512ull << 20; return 0; }
const char *nvmlErrorString(int status) { return status == 3 ? "Not Supported" : "Driver Not Loaded"; }
"""
SCRIPT = """
import dataclasses, json
from edge.telemetry.nvml import Nvml
print(json.dumps(dataclasses.asdict(Nvml().read())))
"""


def ask(folder: Path, **answers: int) -> str:
    """Return what is found where the library gives these answers, as JSON."""
    compiler = shutil.which("cc") or shutil.which("gcc") or pytest.skip("no C compiler")
    defines = [f"-D{name}={value}" for name, value in ({"INIT": 0, "POWER": 0} | answers).items()]
    (folder / "nvml.c").write_text(LIBRARY)
    built = folder / "libnvidia-ml.so.1"
    subprocess.run([str(compiler), "-shared", "-fPIC", *defines, "-o", built, folder / "nvml.c"], check=True)
    environment = os.environ | {"LD_LIBRARY_PATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_gpu_is_as_nvml_tells(tmp_path: Path) -> None:
    told = ask(tmp_path)
    for part in (
        '"rails_w": {"gpu": 68.5}',
        '"joules": {"gpu": 5000000.0}',
        '"temperatures_c": {"gpu": 41.0}',
        '"clocks_mhz": {"gpu": 1980.0, "gpu memory": 2619.0}',
        '"throttled_by": ["power cap", "hardware thermal slowdown"]',
        '"gpu_memory_mb": 512.0',
        '"unknown": {}',
    ):
        assert part in told


def test_what_nvml_does_not_support_is_no_zero(tmp_path: Path) -> None:
    told = ask(tmp_path, POWER=3)
    assert '"rails_w": {}' in told
    assert '"power_w": "NVML: Not Supported"' in told


def test_a_driver_that_is_not_loaded_is_the_reason(tmp_path: Path) -> None:
    assert '"power_w": "NVML finds no GPU: Driver Not Loaded"' in ask(tmp_path, INIT=9)
