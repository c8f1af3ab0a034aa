# SPDX-License-Identifier: Apache-2.0
"""`PycudaGpu`: a GPU through PyCUDA, on the primary context that TensorRT, PyTorch and CuPy use too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DependencyError, GpuError
from edge.gpu.cuda_errors import cuda_errors_as_gpu_errors
from edge.gpu.device import GpuAttributes
from edge.gpu.driver import HOST_REGISTER_SUPPORTED, driver
from edge.gpu.kernel_image import kernel_image
from edge.gpu.owned import Owned
from edge.gpu.pycuda_stream import PycudaEvent, PycudaStream

if TYPE_CHECKING:
    from pycuda import driver as cuda

_PAGE_BYTES = 4096
_INSTALL = "device 'gpu' needs PyCUDA; install it with: pip install 'edge-hands[gpu]', or use --device cpu"


class PycudaGpu(Owned):
    """The GPU of this number, with the package's kernels loaded.

    Raises `DependencyError` when PyCUDA, the driver or the kernels are missing, `GpuError` when there is no such GPU.
    """

    def __init__(self, ordinal: int = 0) -> None:
        super().__init__("gpu", Counter())
        cuda = _pycuda()
        with cuda_errors_as_gpu_errors("be opened"):
            cuda.init()
            device = cuda.Device(ordinal)
            self._attributes = _attributes(device, ordinal)
            self._context: Any = device.retain_primary_context()
        self._module: Any = None
        try:
            image = kernel_image(
                capability=self._attributes.compute_capability, driver_version=cuda.get_driver_version()
            )
            with self.current(), cuda_errors_as_gpu_errors("load its kernels"):
                self._module = cuda.module_from_buffer(image)
        except BaseException:
            self.close()
            raise

    @property
    def attributes(self) -> GpuAttributes:
        """What it is."""
        return self._attributes

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it this thread's GPU; may be nested."""
        self._context.push()
        try:
            yield
        finally:
            self._context.pop()

    def memory(self, size_bytes: int) -> PycudaMemory:
        """Allocate memory of the GPU. Raises `GpuError`."""
        return PycudaMemory(size_bytes, self.open)

    def host_memory(self, size_bytes: int) -> PycudaHostMemory:
        """Allocate memory of the host that the GPU reaches, of the kind that is fastest for it. Raises `GpuError`.

        Where both see each other's caches, ordinary memory that is registered stays cached on both sides; elsewhere
        mapped memory is read by the GPU past its caches, which frames, read once, do not miss.
        """
        registered = self._attributes.coherent and self._attributes.can_register
        return PycudaHostMemory(size_bytes, self.open, registered=registered)

    def stream(self) -> PycudaStream:
        """Open a stream that does not wait for the default one. Raises `GpuError`."""
        return PycudaStream(self._module, self.open)

    def event(self, *, timing: bool = False) -> PycudaEvent:
        """Make an event. Raises `GpuError`."""
        return PycudaEvent(self.open, timing=timing)

    def counts(self) -> Mapping[str, int]:
        """Return how many of what it handed out is open, by kind."""
        return {kind: count for kind, count in self.open.items() if count and kind != "gpu"}

    def _release(self) -> None:
        self._module = self._context = None


class PycudaMemory(Owned):
    """A block of the GPU's memory."""

    def __init__(self, size_bytes: int, opened: Counter[str]) -> None:
        from pycuda import driver as cuda

        self.size_bytes = size_bytes
        with cuda_errors_as_gpu_errors(f"allocate {size_bytes} bytes"):
            self._allocation: Any = cuda.mem_alloc(size_bytes)
        super().__init__("memory", opened)

    @property
    def address(self) -> int:
        """Where it begins. Raises `GpuError` once it is closed."""
        if self._allocation is None:
            raise _closed("memory")
        return int(self._allocation)

    def _release(self) -> None:
        allocation, self._allocation = self._allocation, None
        with cuda_errors_as_gpu_errors("free memory"):
            allocation.free()


class PycudaHostMemory(Owned):
    """A block of the host's memory that the GPU reaches: whole pages that are registered, or allocated as mapped."""

    def __init__(self, size_bytes: int, opened: Counter[str], *, registered: bool) -> None:
        from pycuda import driver as cuda

        self.size_bytes = size_bytes
        self._registered = registered
        with cuda_errors_as_gpu_errors(f"allocate {size_bytes} bytes of the host"):
            if registered:
                self._block: NDArray[np.uint8] = _pages(size_bytes)
                self._address = driver().register(self._block.ctypes.data, self._block.nbytes)
            else:
                block: Any = cuda.pagelocked_empty(size_bytes, np.uint8, mem_flags=cuda.host_alloc_flags.DEVICEMAP)
                self._block, self._allocation = block, block.base
                self._address = int(self._allocation.get_device_pointer())
        super().__init__("host memory", opened)

    @property
    def address(self) -> int:
        """Where the GPU finds it. Raises `GpuError` once it is closed."""
        if self.closed:
            raise _closed("host memory")
        return self._address

    @property
    def array(self) -> NDArray[np.uint8]:
        """The host's view of it. Raises `GpuError` once it is closed."""
        if self.closed:
            raise _closed("host memory")
        return self._block[: self.size_bytes]

    def _release(self) -> None:
        with cuda_errors_as_gpu_errors("free memory of the host"):
            if self._registered:
                driver().unregister(self._block.ctypes.data)
            else:
                self._allocation.free()
        self._block = np.zeros(0, np.uint8)


def _pages(size_bytes: int) -> NDArray[np.uint8]:
    whole = -(-size_bytes // _PAGE_BYTES) * _PAGE_BYTES
    raw = np.zeros(whole + _PAGE_BYTES, np.uint8)
    start = -raw.ctypes.data % _PAGE_BYTES
    return raw[start : start + whole]


def _closed(what: str) -> GpuError:
    return GpuError(f"this {what} is closed; keep it open as long as it is used", name="CUDA_ERROR_INVALID_VALUE")


def _pycuda() -> Any:
    driver()
    try:
        from pycuda import driver as cuda
    except ImportError as error:
        raise DependencyError(_INSTALL) from error
    return cuda


def _attributes(device: cuda.Device, ordinal: int) -> GpuAttributes:
    from pycuda import driver as cuda

    known = cuda.device_attribute
    version = cuda.get_driver_version()
    major, minor = device.compute_capability()
    return GpuAttributes(
        name=device.name(),
        compute_capability=(int(major), int(minor)),
        driver=(version // 1000, version % 1000 // 10),
        memory_bytes=int(device.total_memory()),
        integrated=bool(device.get_attribute(known.INTEGRATED)),
        coherent=bool(device.get_attribute(known.PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES)),
        can_register=bool(driver().attribute(HOST_REGISTER_SUPPORTED, ordinal)),
    )
