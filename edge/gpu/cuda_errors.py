# SPDX-License-Identifier: Apache-2.0
"""The border where errors of CUDA become this package's, with CUDA's name and what to do."""

from __future__ import annotations

import re
from types import TracebackType

from edge.errors import GpuError
from edge.gpu.driver import DriverError, driver

_REMEDIES = {
    "CUDA_ERROR_OUT_OF_MEMORY": "close other programs on the GPU, or use fewer lanes (--threads)",
    "CUDA_ERROR_NO_DEVICE": "check that nvidia-smi (on a Jetson: tegrastats) sees the GPU, or use --device cpu",
    "CUDA_ERROR_NO_BINARY_FOR_GPU": "the kernels are not compiled for this GPU; install nvcc, or use --device cpu",
    "CUDA_ERROR_UNSUPPORTED_PTX_VERSION": "the driver is older than the kernels; update it, or use --device cpu",
    "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH": "the driver was updated while in use; restart the machine",
    "CUDA_ERROR_DEVICES_UNAVAILABLE": "another program has the GPU for itself; end it, or use --device cpu",
    "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED": "the model cannot be captured; report it with the model's name",
}
# After these nothing of the process's work on the GPU can go on.
_LOSSES = {
    "CUDA_ERROR_ILLEGAL_ADDRESS": "a kernel went outside its memory; report it with the size of the picture",
    "CUDA_ERROR_MISALIGNED_ADDRESS": "a kernel met an address it cannot use; report it with the size of the picture",
    "CUDA_ERROR_ILLEGAL_INSTRUCTION": "the kernels do not fit this GPU; delete edge's cache of kernels and start again",
    "CUDA_ERROR_LAUNCH_FAILED": "a kernel crashed; report it with the size of the picture",
    "CUDA_ERROR_LAUNCH_TIMEOUT": "the driver ended a kernel that took too long; use a GPU without a display",
    "CUDA_ERROR_ECC_UNCORRECTABLE": "the GPU's memory is damaged; restart the machine, and replace it if that recurs",
    "CUDA_ERROR_HARDWARE_STACK_ERROR": "the GPU reported a fault of its own; restart the machine",
    "CUDA_ERROR_NVLINK_UNCORRECTABLE": "the GPU's link is damaged; restart the machine",
    "CUDA_ERROR_CONTAINED": "the GPU contained a fault of its memory; start the program again",
    "CUDA_ERROR_CONTEXT_IS_DESTROYED": "another library of this process released the GPU; start the program again",
    "CUDA_ERROR_DEINITIALIZED": "the GPU was released at the end of the process; end runs before",
    "CUDA_ERROR_UNKNOWN": "the driver failed; see the kernel's log (dmesg), and restart the machine if it recurs",
}
_PYCUDA_MESSAGE = re.compile(r"(?P<function>\w+) failed: (?P<text>.*?)(?: - .*)?$", re.DOTALL)


class cuda_errors_as_gpu_errors:  # noqa: N801 - it reads as contextlib's managers do, and is quicker than one
    """Raise `GpuError` for what PyCUDA and the driver raise; `doing` completes "the GPU could not"."""

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, DriverError):
            raise gpu_error(self._doing, driver().name_of(error.code), error.function) from error
        if kind is not None and kind.__module__.startswith("pycuda."):
            raise _from_pycuda(self._doing, error) from error


def gpu_error(doing: str, name: str, function: str) -> GpuError:
    """Return the error for a failure that CUDA calls `name`."""
    remedy = _LOSSES.get(name) or _REMEDIES.get(name) or "look the name up in CUDA's documentation, and report it"
    return GpuError(f"the GPU could not {doing}: {name} from {function}; {remedy}", name=name, lost=name in _LOSSES)


def _from_pycuda(doing: str, error: BaseException | None) -> GpuError:
    told = _PYCUDA_MESSAGE.match(str(error))
    if told is None:
        return gpu_error(doing, "CUDA_ERROR_UNKNOWN", type(error).__name__)
    code = driver().codes_by_text.get(told["text"])
    return gpu_error(doing, told["text"] if code is None else driver().name_of(code), told["function"])
