# SPDX-License-Identifier: Apache-2.0
"""Where a kernel's case can be run: on a GPU, or by the kernel's twin on host memory."""

from __future__ import annotations

import ctypes
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.gpu.launcher import HostLauncher, Launcher


class Device(Launcher, Protocol):
    """A launcher whose memory can be filled and read."""

    def put(self, array: NDArray[Any]) -> int:
        """Return a pointer to a copy of `array`."""

    def get(self, pointer: int, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return the array at `pointer`, when all that was launched is done."""


class Host(HostLauncher):
    """The twins, and arrays of numpy."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []

    def put(self, array: NDArray[Any]) -> int:
        self._arrays.append(np.array(array, order="C"))
        return self._arrays[-1].ctypes.data

    def get(self, pointer: int, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(ctypes.string_at(pointer, nbytes), dtype).reshape(shape).copy()
