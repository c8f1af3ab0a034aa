# SPDX-License-Identifier: Apache-2.0
"""The CUDA driver through ctypes: as much of it as running and timing the kernels takes, with nothing else needed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import AbstractContextManager
from ctypes import byref, c_char_p, c_float, c_int, c_size_t, c_uint, c_void_p
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DependencyError
from edge.gpu.kernel_image import kernel_image
from edge.gpu.launcher import Size

_COMPUTE_CAPABILITY = (75, 76)
_MULTIPROCESSORS, _L2_BYTES = 16, 38
_NON_BLOCKING = 1
_CAPTURE_THREAD_LOCAL = 1
_BUFFER_POINTER, _BUFFER_SIZE, _BUFFER_END = 1, 2, 0


class CudaDevice(AbstractContextManager["CudaDevice"]):
    """The first GPU's primary context, a stream, and the kernels; a `Launcher`.

    Raises `DependencyError` when there is no GPU, and `RuntimeError` with CUDA's name for what fails later.
    """

    def __init__(self, *, load: Callable[..., bytes] = kernel_image) -> None:
        try:
            self._driver = ctypes.CDLL("libcuda.so.1")
        except OSError as error:
            raise DependencyError("no GPU: the NVIDIA driver's libcuda.so.1 is not on this machine") from error
        count = c_int()
        if self._driver.cuInit(0) or self._driver.cuDeviceGetCount(byref(count)) or not count.value:
            raise DependencyError("no GPU: the NVIDIA driver finds none on this machine")
        self._device, self._context, self._stream, self._module = c_int(), c_void_p(), c_void_p(), c_void_p()
        self.call("cuDeviceGet", byref(self._device), 0)
        self.call("cuDevicePrimaryCtxRetain", byref(self._context), self._device)
        self.call("cuCtxSetCurrent", self._context)
        self.call("cuStreamCreate", byref(self._stream), c_uint(_NON_BLOCKING))
        image = load(capability=self.capability, driver_version=self.driver_version)
        self.call("cuModuleLoadData", byref(self._module), c_char_p(image))
        self._functions: dict[str, c_void_p] = {}
        self._memory: list[c_void_p] = []

    def call(self, name: str, *arguments: Any) -> None:
        """Call the driver; raises `RuntimeError` with its name for what went wrong."""
        result = getattr(self._driver, name)(*arguments)
        if result:
            text = c_char_p()
            self._driver.cuGetErrorName(result, byref(text))
            raise RuntimeError(f"{name} failed: {(text.value or b'an unknown error').decode()}")

    def attribute(self, number: int) -> int:
        """Return an attribute of the device."""
        value = c_int()
        self.call("cuDeviceGetAttribute", byref(value), number, self._device)
        return value.value

    @property
    def capability(self) -> tuple[int, int]:
        """Compute capability."""
        return self.attribute(_COMPUTE_CAPABILITY[0]), self.attribute(_COMPUTE_CAPABILITY[1])

    @property
    def driver_version(self) -> int:
        """CUDA version of the driver, 13000 for 13.0."""
        version = c_int()
        self.call("cuDriverGetVersion", byref(version))
        return version.value

    def description(self) -> dict[str, Any]:
        """Return what identifies the device."""
        name = ctypes.create_string_buffer(256)
        self.call("cuDeviceGetName", name, c_int(256), self._device)
        return {
            "name": name.value.decode(),
            "capability": ".".join(map(str, self.capability)),
            "driver_cuda": self.driver_version,
            "multiprocessors": self.attribute(_MULTIPROCESSORS),
            "l2_bytes": self.attribute(_L2_BYTES),
        }

    def allocate(self, nbytes: int) -> int:
        """Return a pointer to `nbytes` of memory, freed when the device is left."""
        pointer = c_void_p()
        self.call("cuMemAlloc_v2", byref(pointer), c_size_t(max(nbytes, 1)))
        self._memory.append(pointer)
        return pointer.value or 0

    def put(self, array: NDArray[Any]) -> int:
        """Return a pointer to a copy of `array`."""
        pointer, source = self.allocate(array.nbytes), np.ascontiguousarray(array)
        if array.nbytes:
            self.call("cuMemcpyHtoD_v2", c_void_p(pointer), c_void_p(source.ctypes.data), c_size_t(array.nbytes))
            self.call("cuCtxSynchronize")  # the copy may return early, and the stream does not wait for it
        return pointer

    def get(self, pointer: int, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return the array at `pointer`, when all that was launched is done."""
        self.wait()
        array = np.empty(shape, dtype)
        if array.nbytes:
            self.call("cuMemcpyDtoH_v2", c_void_p(array.ctypes.data), c_void_p(pointer), c_size_t(array.nbytes))
        return array

    def launch(self, name: str, grid: Size, block: Size, args: bytes, shared_bytes: int) -> None:
        """Put a kernel into the stream."""
        buffer, size = ctypes.create_string_buffer(args, len(args)), c_size_t(len(args))
        extra = (c_void_p * 5)(
            _BUFFER_POINTER, ctypes.addressof(buffer), _BUFFER_SIZE, ctypes.addressof(size), _BUFFER_END
        )
        sizes = [c_uint(value) for value in (*grid, *block, shared_bytes)]
        self.call("cuLaunchKernel", self._function(name), *sizes, self._stream, None, extra)

    def copy(self, target: int, source: int, nbytes: int) -> None:
        """Put a copy within the device's memory into the stream."""
        self.call("cuMemcpyDtoDAsync_v2", c_void_p(target), c_void_p(source), c_size_t(nbytes), self._stream)

    def wait(self) -> None:
        """Wait until all that was put into the stream is done."""
        self.call("cuStreamSynchronize", self._stream)

    def graph_ms(self, work: Callable[[], object], *, repeats: int) -> list[float]:
        """Return the milliseconds of `repeats` replays of what `work` puts into the stream, captured once."""
        work()  # loads what is loaded at first use, which a capture does not allow
        self.wait()
        graph, runnable = c_void_p(), c_void_p()
        self.call("cuStreamBeginCapture_v2", self._stream, c_int(_CAPTURE_THREAD_LOCAL))
        work()
        self.call("cuStreamEndCapture", self._stream, byref(graph))
        self.call("cuGraphInstantiateWithFlags", byref(runnable), graph, ctypes.c_ulonglong(0))
        begin, end, elapsed = c_void_p(), c_void_p(), c_float()
        for event in (begin, end):
            self.call("cuEventCreate", byref(event), c_uint(0))
        times = []
        for repeat in range(-2, repeats):  # the first two warm up
            self.call("cuEventRecord", begin, self._stream)
            self.call("cuGraphLaunch", runnable, self._stream)
            self.call("cuEventRecord", end, self._stream)
            self.call("cuEventSynchronize", end)
            self.call("cuEventElapsedTime", byref(elapsed), begin, end)
            times += [elapsed.value] if repeat >= 0 else []
        for destroy, handle in (
            ("cuEventDestroy_v2", begin),
            ("cuEventDestroy_v2", end),
            ("cuGraphExecDestroy", runnable),
            ("cuGraphDestroy", graph),
        ):
            self.call(destroy, handle)
        return times

    def free(self) -> None:
        """Free all memory that was allocated."""
        self.wait()
        while self._memory:
            self.call("cuMemFree_v2", self._memory.pop())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Free everything; what fails after an error is left to the driver."""
        try:
            self.free()
            self.call("cuModuleUnload", self._module)
            self.call("cuStreamDestroy_v2", self._stream)
        except RuntimeError:
            if error is None:
                raise
        finally:
            self._driver.cuDevicePrimaryCtxRelease_v2(self._device)

    def _function(self, name: str) -> c_void_p:
        if name not in self._functions:
            function = c_void_p()
            self.call("cuModuleGetFunction", byref(function), self._module, c_char_p(name.encode()))
            self._functions[name] = function
        return self._functions[name]
