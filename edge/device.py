# SPDX-License-Identifier: Apache-2.0
"""Which processor runs the models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.errors import UsageError


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
    """The device that one model runs on for `auto`, `cpu` or `gpu`, whether it is there or not.

    Raises:
        UsageError: the name is none of these.
    """
    if name in {DeviceName.cpu, DeviceName.gpu}:
        return Device(name, "asked for")
    if name == DeviceName.auto:
        return Device("cpu", "a single model runs on the processor unless a GPU is asked for")
    raise UsageError(f"device must be one of {', '.join(known.value for known in DeviceName)}, got {name!r}")
