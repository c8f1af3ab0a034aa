# SPDX-License-Identifier: Apache-2.0
"""Which processor runs the models."""

from __future__ import annotations

import os
from dataclasses import dataclass

from edge.errors import DependencyError, UsageError

DEVICES = ("auto", "cpu", "gpu")
_MOST_LANES = 8


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
    if name == "cpu":
        return Device("cpu", "asked for")
    if name == "auto":
        return Device("cpu", "this version runs models on the CPU only")
    if name == "gpu":
        raise DependencyError(
            "device 'gpu' needs a TensorRT runner, which this version of edge does not have; use --device cpu"
            " (device='cpu' in Python)"
        )
    raise UsageError(f"device must be one of {', '.join(DEVICES)}, got {name!r}")


def default_threads() -> int:
    """How many threads to use where the user did not say: the cores this process may run on, at most 8."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(cores, _MOST_LANES)
