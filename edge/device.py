# SPDX-License-Identifier: Apache-2.0
"""Which processor runs the models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.errors import DependencyError, UsageError


class DeviceName(str, Enum):
    """What may be asked for."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


@dataclass(frozen=True, slots=True)
class Device:
    """A processor, and why it was chosen."""

    name: str
    reason: str


def device_from_name(name: str) -> Device:
    """The device for `auto`, `cpu` or `gpu`.

    Raises:
        UsageError: the name is none of these.
        DependencyError: a GPU was asked for.
    """
    if name == DeviceName.cpu:
        return Device("cpu", "asked for")
    if name == DeviceName.auto:
        return Device("cpu", "this version runs models on the CPU only")
    if name == DeviceName.gpu:
        raise DependencyError(
            "device 'gpu' needs a TensorRT runner, which this version of edge does not have; use --device cpu"
            " (device='cpu' in Python)"
        )
    raise UsageError(f"device must be one of {', '.join(known.value for known in DeviceName)}, got {name!r}")
