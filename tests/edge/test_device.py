# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import pytest

import edge
from edge.bundle.bundle import Bundle
from edge.device import device_from_name
from edge.errors import DependencyError, UsageError
from edge.gpu.driver import LIBRARY
from edge.pipeline import Pipeline
from edge.runners.opening import open_runner

DOORS: list[Callable[[Path, str], object]] = [
    lambda folder, device: edge.load(folder, device=device),
    lambda folder, device: open_runner(Bundle.open(folder), device=device),
    lambda folder, device: Pipeline([folder], device=device, threads=1),
]


@pytest.fixture
def no_driver() -> None:
    """Skip where there is a driver, for tests of what is said without one."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return
    pytest.skip("this machine has NVIDIA's driver")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.usefixtures("no_driver")
def test_every_door_tells_the_same_of_a_device(sound_bundle: Path, door: Callable[[Path, str], object]) -> None:
    with pytest.raises(DependencyError, match=r"device 'gpu' needs NVIDIA's driver.*use --device cpu"):
        door(sound_bundle, "gpu")
    with pytest.raises(UsageError, match="device must be one of auto, cpu, gpu, got 'tpu'"):
        door(sound_bundle, "tpu")
    assert door(sound_bundle, "cpu") is not None


@pytest.mark.usefixtures("no_driver")
def test_a_pipeline_that_may_choose_says_why_it_does_not_use_a_gpu(sound_bundle: Path) -> None:
    with Pipeline([sound_bundle], threads=1) as pipeline:
        assert pipeline.device.name == "cpu"
        assert pipeline.device.reason == "there is no NVIDIA GPU with its driver"


def test_a_single_model_runs_on_the_processor_unless_a_gpu_is_asked_for() -> None:
    assert device_from_name("auto").name == device_from_name("cpu").name == "cpu"
    assert device_from_name("gpu").name == "gpu"
    with pytest.raises(UsageError, match="got 'tpu'"):
        device_from_name("tpu")
