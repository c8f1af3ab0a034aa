# SPDX-License-Identifier: Apache-2.0
"""Every kernel gives on a GPU what its twin gives on the processor."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cuda_driver import CudaDevice
from tests.gpu.agreement import ANSWERS, assert_answers_agree, assert_crops_agree, assert_frame_agrees
from tests.gpu.warp_cases import CROPS, FRAMES, CropsCase, FrameCase

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("case", FRAMES.values(), ids=FRAMES)
def test_frames_agree_with_the_twin(gpu: CudaDevice, case: FrameCase) -> None:
    assert_frame_agrees(gpu, case)


@pytest.mark.parametrize("case", CROPS.values(), ids=CROPS)
def test_crops_agree_with_the_twin(gpu: CudaDevice, case: CropsCase) -> None:
    assert_crops_agree(gpu, case)


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_agree_with_the_twin(gpu: CudaDevice, case: str) -> None:
    assert_answers_agree(gpu, case)


@pytest.mark.parametrize("name", ["decode", "second look of many", "SimCC"])
def test_the_same_input_gives_the_same_bits(gpu: CudaDevice, name: str) -> None:
    first, again = ANSWERS[name](gpu), ANSWERS[name](gpu)
    assert all(np.array_equal(first[key], again[key]) for key in first)
