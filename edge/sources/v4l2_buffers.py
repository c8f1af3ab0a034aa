# SPDX-License-Identifier: Apache-2.0
"""`BufferRing`: the memory that a camera's driver fills, lent out without a copy.

A buffer goes back to the driver once nobody holds an array over it any more.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from edge.errors import UsageError
from edge.frame import Pixels
from edge.sources.live_reader import ReaderError
from edge.sources.v4l2_calls import (
    DQBUF,
    FLAG_ERROR,
    FLAG_TIMESTAMP_MASK,
    FLAG_TIMESTAMP_MONOTONIC,
    MEMORY_MMAP,
    MEMORY_USERPTR,
    QBUF,
    QUERYBUF,
    REQBUFS,
    VIDEO_CAPTURE,
)
from edge.sources.v4l2_device import V4l2Device

BUFFERS = 8
"""How many a driver is asked for: frames on their way through a pipeline hold some of them."""

LEAST_QUEUED = 2
"""How many stay with the driver at any time, so that it never waits; a frame that would take one is copied."""

Allocate = Callable[[int], Sequence[Pixels]]
"""From the bytes of a picture, a multiple of the page, to the arrays (bytes,) uint8 to capture into."""


class Filled(NamedTuple):
    """What the driver filled: `buffer` by its number; `time_ns` is None where its clock is not the monotonic one."""

    buffer: int
    used_bytes: int
    damaged: bool
    time_ns: int | None
    sequence: int


class BufferRing:
    """Buffers of `size_bytes`, all of them with the driver at first: in memory of the caller's where it takes that.

    Attributes:
        into_given: whether the driver writes into the arrays of `allocate`.

    Raises:
        ReaderError: the driver gives no buffers, or lost the camera.
        UsageError: `allocate` gives too few arrays, or too small ones.
    """

    def __init__(self, device: V4l2Device, *, size_bytes: int, allocate: Allocate | None = None) -> None:
        self._device = device
        self._returned: deque[int] = deque()
        given = None if allocate is None else _pages(allocate, size_bytes)
        self.into_given = (
            given is not None and device.ask(REQBUFS, len(given), VIDEO_CAPTURE, MEMORY_USERPTR, 0, 0) is not None
        )
        self._memory = MEMORY_USERPTR if self.into_given else MEMORY_MMAP
        if given is not None and self.into_given:
            self._blocks: list[_Block] = [_GivenBlock(array) for array in given]
        else:
            count = device.order(REQBUFS, BUFFERS, VIDEO_CAPTURE, MEMORY_MMAP, 0, 0)[0]
            self._blocks = [self._mapped(index) for index in range(count)]
        self.queued = 0
        try:
            for index in range(len(self._blocks)):
                self.give_back(index)
        except ReaderError:
            self.close()
            raise

    def take(self) -> Filled | None:
        """Take the oldest filled buffer from the driver; None while there is none. Raises `ReaderError`."""
        answer = self._device.ask(DQBUF, *self._argument(0))
        if answer is None:
            return None
        self.queued -= 1
        index, _, used, flags, _, seconds, microseconds, sequence, *_ = answer
        on_clock = flags & FLAG_TIMESTAMP_MASK == FLAG_TIMESTAMP_MONOTONIC
        time_ns = seconds * 10**9 + microseconds * 1000 if on_clock else None
        return Filled(index, used, bool(flags & FLAG_ERROR), time_ns, sequence)

    def view(self, index: int) -> Pixels:
        """Return the bytes of a buffer that was taken and is to be given back."""
        return np.asarray(_Lease(self._blocks[index]))

    def lend(self, index: int) -> Pixels:
        """Return the bytes of a buffer that comes back by itself once neither they nor a view of them are held."""
        lease = _Lease(self._blocks[index])
        weakref.finalize(lease, self._returned.append, index).atexit = False
        return np.asarray(lease)

    def reclaim(self) -> None:
        """Queue what nobody holds any more. Raises `ReaderError`."""
        while self._returned:
            self.give_back(self._returned.popleft())

    def give_back(self, index: int) -> None:
        """Queue a buffer. Raises `ReaderError`."""
        self._device.order(QBUF, *self._argument(index))
        self.queued += 1

    def close(self) -> None:
        """Take the buffers from the driver; memory that somebody still holds stays until it is let go."""
        self._blocks = []
        # Without this an array over a buffer would keep the camera busy after its file is closed.
        with suppress(ReaderError):
            self._device.order(REQBUFS, 0, VIDEO_CAPTURE, self._memory, 0, 0)

    def _argument(self, index: int) -> tuple[int, ...]:
        block = self._blocks[index]
        pointer, length = (block.address, block.size_bytes) if self.into_given else (0, 0)
        return index, VIDEO_CAPTURE, 0, 0, 0, 0, 0, 0, self._memory, pointer, length

    def _mapped(self, index: int) -> _Block:
        *_, offset, length = self._device.order(QUERYBUF, index, VIDEO_CAPTURE, *[0] * 6, MEMORY_MMAP, 0, 0)
        try:
            return _MappedBlock(self._device.descriptor, offset & 0xFFFFFFFF, length)
        except OSError as error:
            raise self._device.fault(QUERYBUF, error) from error


class _Block:
    """Memory at an address, for as long as this is held."""

    address: int
    size_bytes: int


class _GivenBlock(_Block):
    def __init__(self, array: Pixels) -> None:
        self._array = array
        self.address, self.size_bytes = array.ctypes.data, array.nbytes


class _MappedBlock(_Block):
    """A driver's buffer; Python's own `mmap` would hold the camera open by a descriptor of its own."""

    def __init__(self, descriptor: int, offset: int, size_bytes: int) -> None:
        address = _libc.mmap(None, size_bytes, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor, offset)
        if address == ctypes.c_void_p(-1).value:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self.address, self.size_bytes = address, size_bytes
        weakref.finalize(self, _libc.munmap, address, size_bytes).atexit = False


class _Lease:
    """What every array over a buffer holds on to."""

    def __init__(self, block: _Block) -> None:
        self._block = block
        self.__array_interface__ = {
            "version": 3,
            "data": (block.address, False),
            "shape": (block.size_bytes,),
            "typestr": "|u1",
        }


def _pages(allocate: Allocate, size_bytes: int) -> Sequence[Pixels]:
    size_bytes = -(-size_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
    arrays = allocate(size_bytes)
    if len(arrays) <= LEAST_QUEUED:
        raise UsageError(f"expected more than {LEAST_QUEUED} buffers to capture into, got {len(arrays)}")
    for array in arrays:
        if array.nbytes < size_bytes or not array.flags.c_contiguous:
            raise UsageError(f"a buffer to capture into must be {size_bytes} bytes without gaps, got {array.nbytes}")
    return arrays


def _load_libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return libc


_libc = _load_libc()
