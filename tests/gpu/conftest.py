# SPDX-License-Identifier: Apache-2.0
"""A GPU for the tests that need one; FAIL_WITHOUT_GPU=1 fails them where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.cuda_driver import CudaDevice
from edge.errors import DependencyError
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    keypoint_contract,
    keypoint_model,
    pose_contract,
    pose_model,
    write_small_bundle,
)


@pytest.fixture(scope="session")
def cuda() -> Iterator[CudaDevice]:
    """Return the GPU with the kernels loaded."""
    try:
        device = CudaDevice()
    except DependencyError as error:
        if os.environ.get("FAIL_WITHOUT_GPU", "0") not in {"", "0"}:
            pytest.fail(f"FAIL_WITHOUT_GPU is set: {error}")
        pytest.skip(str(error))
    with device:
        yield device


@pytest.fixture
def gpu(cuda: CudaDevice) -> Iterator[CudaDevice]:
    """Return the GPU; what a test allocates is freed after it."""
    yield cuda
    cuda.free()


@pytest.fixture
def small_cascade(tmp_path: Path) -> tuple[str, ...]:
    """Return folders of a detector, a classifier, a keypoint model and a pose model that run in microseconds."""
    small = {
        "detector": (detector_contract(), detector_model()),
        "classifier": (classifier_contract(), classifier_model()),
        "keypoints": (keypoint_contract(), keypoint_model()),
        "pose": (pose_contract(), pose_model()),
    }
    for name, (contract, model) in small.items():
        write_small_bundle(tmp_path / name, contract, model)
    return tuple(str(tmp_path / name) for name in small)
