# SPDX-License-Identifier: Apache-2.0
"""`Gpu`: the first CUDA device, as its driver tells it, without any CUDA package."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

from edge.errors import DependencyError

_LIBRARY = "libcuda.so.1"
# CUdevice_attribute and CUresult of cuda.h
_COMPUTE_CAPABILITY_MAJOR, _COMPUTE_CAPABILITY_MINOR, _INTEGRATED = 75, 76, 18
_NAME_BYTES = 256


@dataclass(frozen=True, slots=True)
class Gpu:
    """A CUDA device: `sm` is its compute capability without the dot (87 for 8.7), `cuda` the driver's version."""

    name: str
    sm: int
    memory_bytes: int
    integrated: bool
    cuda: str


def find_gpu() -> Gpu:
    """Return the first CUDA device. Raises `DependencyError` with what is missing."""
    try:
        cuda = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise DependencyError(
            f"there is no CUDA driver, {_LIBRARY} cannot be loaded; a GPU needs NVIDIA's driver, and a container"
            " the NVIDIA runtime (docker run --runtime nvidia)"
        ) from error
    _call(cuda, "cuInit", ctypes.c_uint(0))
    version, count, device = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    _call(cuda, "cuDriverGetVersion", ctypes.byref(version))
    _call(cuda, "cuDeviceGetCount", ctypes.byref(count))
    if count.value < 1:
        raise DependencyError("the CUDA driver finds no GPU; check CUDA_VISIBLE_DEVICES")
    _call(cuda, "cuDeviceGet", ctypes.byref(device), 0)
    name, memory_bytes = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_size_t()
    _call(cuda, "cuDeviceGetName", name, _NAME_BYTES, device)
    _call(cuda, "cuDeviceTotalMem_v2", ctypes.byref(memory_bytes), device)
    major = _attribute(cuda, _COMPUTE_CAPABILITY_MAJOR, device)
    minor = _attribute(cuda, _COMPUTE_CAPABILITY_MINOR, device)
    return Gpu(
        name=name.value.decode(errors="replace"),
        sm=10 * major + minor,
        memory_bytes=memory_bytes.value,
        integrated=bool(_attribute(cuda, _INTEGRATED, device)),
        cuda=f"{version.value // 1000}.{version.value % 1000 // 10}",
    )


def _attribute(cuda: ctypes.CDLL, attribute: int, device: ctypes.c_int) -> int:
    value = ctypes.c_int()
    _call(cuda, "cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
    return value.value


def _call(cuda: ctypes.CDLL, function: str, *arguments: object) -> None:
    status = getattr(cuda, function)(*arguments)
    if status == 0:
        return
    name = ctypes.c_char_p()
    cuda.cuGetErrorName(status, ctypes.byref(name))
    told = (name.value or b"an unknown error").decode()
    raise DependencyError(
        f"{function} of the CUDA driver failed with {told} ({status}); check the driver, and that this user may open"
        " the GPU (groups video and render)"
    )
