# SPDX-License-Identifier: Apache-2.0
"""A GPU for the tests that need one; FAIL_WITHOUT_GPU=1 fails them where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from benchmarks.cuda_driver import CudaDevice
from edge.errors import DependencyError


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
