# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import edge
from edge.bundle.bundle import Bundle
from edge.device import device_from_name
from edge.errors import DependencyError, UsageError
from edge.pipeline import Pipeline
from edge.runners.opening import open_runner

DOORS: list[Callable[[Path, str], object]] = [
    lambda folder, device: edge.load(folder, device=device),
    lambda folder, device: open_runner(Bundle.open(folder), device=device),
    lambda folder, device: Pipeline([folder], device=device, threads=1),
    lambda _, device: device_from_name(device),
]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_tells_the_same_of_a_device(sound_bundle: Path, door: Callable[[Path, str], object]) -> None:
    with pytest.raises(DependencyError, match=r"needs a TensorRT runner.*use --device cpu"):
        door(sound_bundle, "gpu")
    with pytest.raises(UsageError, match="device must be one of auto, cpu, gpu, got 'tpu'"):
        door(sound_bundle, "tpu")
    assert door(sound_bundle, "cpu") is not None
