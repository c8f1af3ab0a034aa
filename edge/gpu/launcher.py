# SPDX-License-Identifier: Apache-2.0
"""What the kernels' launch functions ask of a device."""

from __future__ import annotations

from ctypes import Structure
from typing import Protocol

from edge import _native
from edge.errors import UsageError

Size = tuple[int, int, int]
WARP = 32
_WARPS = 4


class Launcher(Protocol):
    """A stream of a device that has loaded the kernels.

    A kernel has one parameter, passed by value: `args` are its bytes, which are all of the kernel's parameter buffer
    (`CU_LAUNCH_PARAM_BUFFER_POINTER` of `cuLaunchKernel`).
    """

    def launch(self, name: str, grid: Size, block: Size, args: bytes, shared_bytes: int) -> None:
        """Put the kernel `name` behind what the stream has to do; `shared_bytes` is its dynamic shared memory."""


class HostLauncher:
    """Runs the kernels' twins in C++ at once; the pointers are those of host memory."""

    def launch(self, name: str, grid: Size, block: Size, args: bytes, shared_bytes: int) -> None:  # noqa: ARG002
        """Run the twin of `name`. Raises `ValueError` for a name that is none, or `args` that are not its parameter."""
        _native.run_kernel_twin(name, args)


def launch(launcher: Launcher, name: str, grid: Size, block: Size, parameters: Structure) -> None:
    """Launch a kernel that has no dynamic shared memory."""
    launcher.launch(name, grid, block, bytes(parameters), 0)


def launch_warps(launcher: Launcher, name: str, warps: int, parameters: Structure) -> None:
    """Launch a kernel in which each warp does a row."""
    launch(launcher, name, (-(-warps // _WARPS), 1, 1), (WARP * _WARPS, 1, 1), parameters)


def require(condition: bool, message: str) -> None:  # noqa: FBT001
    """Raise `UsageError` with `message` unless the condition holds."""
    if not condition:
        raise UsageError(message)
