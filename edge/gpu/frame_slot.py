# SPDX-License-Identifier: Apache-2.0
"""`FrameSlot`: where a frame lies for the GPU; and `MappedFrames`, memory in which frames may be captured at once."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.frame import Frame
from edge.gpu.device import Gpu, HostMemory, Memory, Stream

if TYPE_CHECKING:
    from typing_extensions import Self


class MappedFrames:
    """`count` blocks of `size_bytes` that the host writes and the GPU reads; a source may capture into `arrays`.

    A frame whose pixels lie there without gaps is used in its place: the host does not touch it again, so its source
    must leave it alone until its result is delivered.
    """

    def __init__(self, gpu: Gpu, *, count: int, size_bytes: int) -> None:
        self._gpu = gpu
        with gpu.current(), ExitStack() as opened:
            self._blocks = [opened.enter_context(gpu.host_memory(size_bytes)) for _ in range(count)]
            self._opened = opened.pop_all()
        self._addresses = {block.array.ctypes.data: block.address for block in self._blocks}

    @property
    def arrays(self) -> tuple[NDArray[np.uint8], ...]:
        """The blocks, (size_bytes,) uint8 each."""
        return tuple(block.array for block in self._blocks)

    def address_of(self, pixels: NDArray[np.uint8]) -> int | None:
        """Return the GPU's address of pixels that begin a block, None for any others."""
        return self._addresses.get(pixels.ctypes.data) if pixels.flags.c_contiguous else None

    def close(self) -> None:
        """Free the blocks; no frame may be in them."""
        self._addresses.clear()
        with self._gpu.current():
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FrameSlot:
    """Room for one frame of `size_bytes`, as the GPU likes it; the owner of `opened` frees it.

    On a GPU that shares the host's memory a frame is read where the host put it. For any other it is copied, which
    the host does not wait for.
    """

    def __init__(
        self, gpu: Gpu, stream: Stream, opened: ExitStack, *, size_bytes: int, mapped: MappedFrames | None = None
    ) -> None:
        self._stream, self._mapped = stream, mapped
        self._host: HostMemory = opened.enter_context(gpu.host_memory(size_bytes))
        self._memory: Memory | None = None
        if not gpu.attributes.integrated:
            self._memory = opened.enter_context(gpu.memory(size_bytes))
        self._size_bytes = size_bytes

    def place(self, frame: Frame) -> int:
        """Return where the GPU finds the frame once the stream has come so far. Raises `GpuError`."""
        pixels = frame.pixels
        if pixels.nbytes != self._size_bytes:
            raise UsageError(f"this slot is for frames of {self._size_bytes} bytes, got {pixels.nbytes}")
        address = None if self._mapped is None else self._mapped.address_of(pixels)
        if address is None:
            source, address = self._host.array, self._host.address
            np.copyto(source.reshape(pixels.shape), pixels)
        else:
            source = pixels.reshape(-1)
        if self._memory is None:
            return address
        self._stream.copy_in(self._memory.address, source)
        return self._memory.address
