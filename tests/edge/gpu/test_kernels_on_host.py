# SPDX-License-Identifier: Apache-2.0
"""The CUDA kernels, thread for thread on the processor: arithmetic, bounds, barriers and what they leave unwritten."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

from edge.gpu.launcher import Size
from tests.gpu.agreement import ANSWERS, assert_answers_agree, assert_crops_agree, assert_frame_agrees
from tests.gpu.devices import Host
from tests.gpu.warp_cases import CROPS, FRAMES, CropsCase, FrameCase

FLAGS = ("-std=c++17", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
# What is undefined ends the test's process with a message.
SANITIZER = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
WRONG = {1: "no such kernel", 2: "threads wait for others that never come", 3: "writes behind its shared memory"}


class Emulated(Host):
    """The kernels themselves; `seed` shuffles the order in which the threads of a block take turns."""

    def __init__(self, library: ctypes.CDLL, seed: int) -> None:
        super().__init__()
        self._library, self._seed = library, seed

    def launch(self, name: str, grid: Size, block: Size, args: bytes, shared_bytes: int) -> None:
        sizes = ((ctypes.c_int * 3)(*size) for size in (grid, block))
        wrong = self._library.run_kernel(name.encode(), *sizes, args, shared_bytes, ctypes.c_uint(self._seed))
        assert not wrong, f"{name}: {WRONG[wrong]}"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> ctypes.CDLL:
    native, built = repo_root / "tests" / "native", tmp_path_factory.mktemp("kernels") / "kernels_on_host.so"
    folders = (f"-I{native / 'cuda_on_host'}", f"-I{repo_root / 'edge' / 'native'}")
    command = ["c++", *FLAGS, *SANITIZER, *folders, str(native / "kernels_on_host.cpp"), "-o", str(built)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(built))


@pytest.fixture(params=[0, 1], ids=["threads in order", "threads shuffled"])
def emulated(request: pytest.FixtureRequest, library: ctypes.CDLL) -> Emulated:
    return Emulated(library, request.param)


@pytest.mark.parametrize("case", FRAMES.values(), ids=FRAMES)
def test_frames_agree_with_the_twin(emulated: Emulated, case: FrameCase) -> None:
    assert_frame_agrees(emulated, case)


@pytest.mark.parametrize("case", CROPS.values(), ids=CROPS)
def test_crops_agree_with_the_twin(emulated: Emulated, case: CropsCase) -> None:
    assert_crops_agree(emulated, case)


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_agree_with_the_twin(emulated: Emulated, case: str) -> None:
    assert_answers_agree(emulated, case)
