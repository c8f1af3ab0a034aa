# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# The calls of the driver's library that are used, with cuda.h's signatures, answering as an Orin's would.
DRIVER = r"""
#include <stddef.h>
#include <string.h>
int cuInit(unsigned flags) { return flags == 0 ? INIT : 1; }
int cuDriverGetVersion(int *version) { *version = 12060; return 0; }
int cuDeviceGetCount(int *count) { *count = COUNT; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = 7; return ordinal; }
int cuDeviceGetName(char *name, int bytes, int device) { strncpy(name, "Orin", bytes); return device != 7; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 7990000000ull; return device != 7; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? 8 : attribute == 76 ? 7 : attribute == 18;
  return device != 7;
}
int cuGetErrorName(int status, const char **name) { *name = status == 100 ? "CUDA_ERROR_NO_DEVICE" : NULL; return 0; }
"""
SCRIPT = """
from edge.errors import DependencyError
from edge.machine.gpu import find_gpu
try:
    print(find_gpu())
except DependencyError as error:
    print(error)
"""


def ask(folder: Path, **answers: int) -> str:
    """Return what is found where the driver's library gives these answers."""
    compiler = shutil.which("cc") or shutil.which("gcc") or pytest.skip("no C compiler")
    defines = [f"-D{name}={value}" for name, value in ({"INIT": 0, "COUNT": 1} | answers).items()]
    (folder / "driver.c").write_text(DRIVER)
    command: list[str | Path] = [
        str(compiler),
        "-shared",
        "-fPIC",
        *defines,
        "-o",
        folder / "libcuda.so.1",
        folder / "driver.c",
    ]
    subprocess.run(command, check=True)
    environment = os.environ | {"LD_LIBRARY_PATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_gpu_is_as_its_driver_tells(tmp_path: Path) -> None:
    told = ask(tmp_path)
    assert told == "Gpu(name='Orin', sm=87, memory_bytes=7990000000, integrated=True, cuda='12.6')"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"INIT": 100}, "cuInit of the CUDA driver failed with CUDA_ERROR_NO_DEVICE (100); check the driver"),
        ({"INIT": 801}, "cuInit of the CUDA driver failed with an unknown error (801)"),
        ({"COUNT": 0}, "the CUDA driver finds no GPU; check CUDA_VISIBLE_DEVICES"),
    ],
)
def test_a_driver_that_fails_is_told_with_its_name_and_a_remedy(
    answers: dict[str, int], message: str, tmp_path: Path
) -> None:
    assert message in ask(tmp_path, **answers)
