# SPDX-License-Identifier: Apache-2.0
"""What the kernels' launch functions ask of a device."""

from __future__ import annotations

from typing import Protocol

from edge import _native

Size = tuple[int, int, int]


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
