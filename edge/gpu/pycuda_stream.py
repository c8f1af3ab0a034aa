# SPDX-License-Identifier: Apache-2.0
"""Streams, events and graphs of a `PycudaGpu`."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import GpuError
from edge.gpu.cuda_errors import cuda_errors_as_gpu_errors
from edge.gpu.device import Event, Graph, Stream
from edge.gpu.driver import EVENT_BLOCKING_SYNC, EVENT_DISABLE_TIMING, DriverError, driver
from edge.gpu.owned import Owned

_NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING, which PyCUDA does not name: no waiting for the default stream."""


class PycudaEvent(Owned):
    """An event of the driver: PyCUDA's has no handle, which TensorRT needs."""

    def __init__(self, opened: Counter[str], *, timing: bool) -> None:
        flags = EVENT_BLOCKING_SYNC | (0 if timing else EVENT_DISABLE_TIMING)
        with cuda_errors_as_gpu_errors("make an event"):
            self.handle = driver().create_event(flags)
        super().__init__("event", opened)

    def synchronize(self) -> None:
        """Wait until all work before it is done. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("finish a frame"):
            driver().synchronize_event(self.handle)

    def done(self) -> bool:
        """Whether all work before it is done. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("finish a frame"):
            return driver().event_is_done(self.handle)

    def elapsed_ms(self, since: Event) -> float:
        """Return the GPU's time from the event `since` to this one."""
        with cuda_errors_as_gpu_errors("tell time"):
            return driver().elapsed_ms(since.handle, self.handle)

    def _release(self) -> None:
        with cuda_errors_as_gpu_errors("release an event"):
            driver().destroy_event(self.handle)


class PycudaGraph(Owned):
    """An executable graph."""

    def __init__(self, executable: int, nodes: int, opened: Counter[str]) -> None:
        self._executable = executable
        self.nodes = nodes
        super().__init__("graph", opened)

    def launch(self, stream: Stream) -> None:
        """Run it on `stream`. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("run the work of a frame"):
            driver().launch_graph(self._executable, stream.handle)

    def _release(self) -> None:
        with cuda_errors_as_gpu_errors("release a graph"):
            driver().destroy_executable(self._executable)


class PycudaStream(Owned):
    """A stream that does not wait for the default one."""

    def __init__(self, module: Any, opened: Counter[str]) -> None:
        from pycuda import driver as cuda

        self._cuda: Any = cuda
        self._module = module
        self._functions: dict[str, Any] = {}
        with cuda_errors_as_gpu_errors("open a stream"):
            self._stream: Any = cuda.Stream(flags=_NON_BLOCKING)
        self.handle = int(self._stream.handle)
        super().__init__("stream", opened)

    def copy_in(self, address: int, source: NDArray[np.uint8]) -> None:
        """Copy contiguous bytes of the host to the GPU. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("copy to its memory"):
            self._cuda.memcpy_htod_async(address, source, self._stream)

    def copy_out(self, target: NDArray[np.uint8], address: int) -> None:
        """Copy bytes of the GPU to contiguous ones of the host. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("copy from its memory"):
            self._cuda.memcpy_dtoh_async(target, address, self._stream)

    def clear(self, address: int, size_bytes: int) -> None:
        """Set bytes of the GPU to zero. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("clear its memory"):
            self._cuda.memset_d8_async(address, 0, size_bytes, self._stream)

    def launch(
        self, name: str, grid: tuple[int, int, int], block: tuple[int, int, int], args: bytes, shared_bytes: int
    ) -> None:
        """Run one of the package's kernels with its arguments packed as the kernel has them. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors(f"run the kernel {name}"):
            function = self._functions.get(name)
            if function is None:
                function = self._functions[name] = self._module.get_function(name)
            function._launch_kernel(grid, block, args, shared_bytes, self._stream)  # noqa: SLF001 - PyCUDA's own call of it packs slower

    def record(self, event: Event) -> None:
        """Let `event` stand for all work queued so far. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("record an event"):
            driver().record_event(event.handle, self.handle)

    def wait(self, event: Event) -> None:
        """Let work queued from here on wait for `event`. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("wait for an event"):
            driver().wait_for_event(self.handle, event.handle)

    def capture(self, work: Callable[[], None]) -> Graph:
        """Return what `work` queues on this stream as a graph, without running it. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("capture the work of a frame"):
            driver().begin_capture(self.handle)
            try:
                work()
            except BaseException:
                self._abandon_capture()
                raise
            graph = driver().end_capture(self.handle)
            try:
                return PycudaGraph(driver().instantiate(graph), driver().count_nodes(graph), self.open)
            finally:
                driver().destroy_graph(graph)

    def _abandon_capture(self) -> None:
        with contextlib.suppress(DriverError):
            graph = driver().end_capture(self.handle)
            if graph:
                driver().destroy_graph(graph)

    def synchronize(self) -> None:
        """Wait until all work is done. Raises `GpuError`."""
        with cuda_errors_as_gpu_errors("finish its work"):
            self._stream.synchronize()

    def _release(self) -> None:
        # PyCUDA destroys it with its object, whose work must be over: memory may be freed next.
        with contextlib.suppress(GpuError):
            self.synchronize()
        self._functions.clear()
        self._stream = self._module = None
