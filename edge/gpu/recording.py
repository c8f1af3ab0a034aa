# SPDX-License-Identifier: Apache-2.0
"""`RecordingGpu`: the device layer on host memory, for tests without a GPU; it records what is asked of it."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import GpuError
from edge.gpu.cuda_errors import gpu_error
from edge.gpu.device import ALIGNMENT_BYTES, GpuAttributes
from edge.gpu.owned import Owned
from edge.gpu.recording_stream import RecordingEvent, RecordingStream

_POISON = 0xFF
"""What fresh memory holds: as float32 and float16 not a number."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that was asked of the device, or a piece of work that it did.

    Attributes:
        kind: `allocate`, `copy in`, `copy out`, `clear`, `launch`, `execute`, `record`, `wait`, `capture`, `graph`,
            `synchronize`, `free`; `work` for each operation as it is done.
        detail: name of the kernel, size in bytes and the like.
        stream: number of the stream, 0 where there is none.
        captured: it became part of a graph and was not run.
    """

    kind: str
    detail: str
    stream: int = 0
    captured: bool = False


class RecordingGpu(Owned):
    """A device whose memory is the host's and whose kernels are their `twins` on the processor.

    It works as late as it may: queued work is done when somebody waits for it, so whoever reads, frees or overwrites
    too early meets wrong numbers. Fresh memory is not a number. `calls` has what was asked, `violations` what broke the
    rules of `edge.gpu.device`. `integrated` and `coherent` are what it says of itself.
    """

    def __init__(self, *, integrated: bool = False, coherent: bool = False) -> None:
        super().__init__("gpu", Counter())
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.streams: list[RecordingStream] = []
        self._attributes = GpuAttributes(
            "recording", (0, 0), (0, 0), 2**30, integrated=integrated, coherent=coherent, can_register=coherent
        )
        self._numbers = itertools.count(1)
        self._thread = threading.local()
        self._lock = threading.Lock()
        self._blocks: dict[int, int] = {}
        self._starts: list[int] = []
        self._host_starts: set[int] = set()
        self._failures: list[tuple[str, int, str]] = []
        self._lost: GpuError | None = None

    @property
    def attributes(self) -> GpuAttributes:
        """What it pretends to be."""
        return self._attributes

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it this thread's device; may be nested."""
        self._thread.depth = self._depth() + 1
        try:
            yield
        finally:
            self._thread.depth -= 1

    def memory(self, size_bytes: int) -> RecordingMemory:
        """Allocate memory. Raises `GpuError`."""
        self.call("allocate", f"{size_bytes} bytes")
        return RecordingMemory(size_bytes, self, "memory")

    def host_memory(self, size_bytes: int) -> RecordingMemory:
        """Allocate memory that the host reaches too. Raises `GpuError`."""
        self.call("allocate", f"{size_bytes} bytes of the host")
        return RecordingMemory(size_bytes, self, "host memory")

    def stream(self) -> RecordingStream:
        """Open a stream. Raises `GpuError`."""
        self.call("allocate", "a stream")
        return RecordingStream(self, next(self._numbers))

    def event(self, *, timing: bool = False) -> RecordingEvent:
        """Make an event; all of them tell that no time passes. Raises `GpuError`."""
        del timing
        self.call("allocate", "an event")
        return RecordingEvent(self, next(self._numbers))

    def counts(self) -> Mapping[str, int]:
        """Return how many of what it handed out is open, by kind."""
        return {kind: count for kind, count in self.open.items() if count and kind != "gpu"}

    def fail_at(self, kind: str, number: int, name: str = "CUDA_ERROR_LAUNCH_FAILED") -> None:
        """Let the call of this kind that is `number` calls from now fail, with CUDA's `name` for it."""
        with self._lock:
            made = sum(call.kind == kind for call in self.calls)
            self._failures.append((kind, made + number, name))

    def call(self, kind: str, detail: str, stream: int = 0, *, captured: bool = False) -> None:
        """Note a call. Raises `GpuError` when it is to fail, and for every call once the device is lost."""
        if self._depth() == 0:
            self.violations.append(f"{kind} {detail}: this thread is not within `current`")
        with self._lock:
            if self._lost is not None:
                raise self._lost
            self.calls.append(Call(kind, detail, stream, captured))
            if not self._failures:
                return
            made = sum(call.kind == kind for call in self.calls)
            due = [failure for failure in self._failures if failure[:2] == (kind, made)]
            for failure in due:
                self._failures.remove(failure)
                error = gpu_error(f"do: {kind} {detail}", failure[2], "a test")
                self._lost = error if error.lost else None
                raise error

    @property
    def is_lost(self) -> bool:
        """Whether a failure ended all that was queued."""
        return self._lost is not None

    def require_open(self, addresses: tuple[int, ...], detail: str) -> None:
        """Raise `GpuError`, as an illegal address does, unless each of `addresses` lies in open memory."""
        with self._lock:
            outside = [address for address in addresses if self._block_of(address) is None]
            if outside:
                self.violations.append(f"{detail}: address {outside[0]:#x} is not in open memory")
                self._lost = gpu_error(f"do: {detail}", "CUDA_ERROR_ILLEGAL_ADDRESS", "a test")
                raise self._lost

    def is_mapped(self, address: int) -> bool:
        """Whether an address of the host lies in memory that the device reaches."""
        with self._lock:
            return self._block_of(address) in self._host_starts

    def add_block(self, address: int, size_bytes: int, kind: str) -> None:
        """Know an open block."""
        with self._lock:
            self._blocks[address] = size_bytes
            bisect.insort(self._starts, address)
            if kind == "host memory":
                self._host_starts.add(address)

    def drop_block(self, address: int, size_bytes: int) -> None:
        """Forget a block, which no queued work may need any more."""
        span = range(address, address + size_bytes)
        for stream in () if self.is_lost else tuple(self.streams):
            if any(needed in span for needed in stream.pending_addresses()):
                self.violations.append(f"memory was freed while stream {stream.number} had work for it")
        with self._lock:
            self.calls.append(Call("free", f"{size_bytes} bytes"))
            del self._blocks[address]
            self._starts.remove(address)
            self._host_starts.discard(address)

    def _block_of(self, address: int) -> int | None:
        place = bisect.bisect_right(self._starts, address)
        if place == 0:
            return None
        start = self._starts[place - 1]
        return start if address < start + self._blocks[start] else None

    def _depth(self) -> int:
        return int(getattr(self._thread, "depth", 0))


class RecordingMemory(Owned):
    """A block of the host's memory that plays the device's, or memory that both reach."""

    def __init__(self, size_bytes: int, gpu: RecordingGpu, kind: str) -> None:
        self.size_bytes = size_bytes
        raw = np.full(size_bytes + ALIGNMENT_BYTES, _POISON, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT_BYTES
        self._array: NDArray[np.uint8] | None = raw[start : start + size_bytes]
        self._address = raw.ctypes.data + start
        self._gpu = gpu
        gpu.add_block(self._address, size_bytes, kind)
        super().__init__(kind, gpu.open)

    @property
    def address(self) -> int:
        """Where it begins. Raises `GpuError` once it is closed."""
        self.array  # noqa: B018 - raises when closed
        return self._address

    @property
    def array(self) -> NDArray[np.uint8]:
        """Its bytes; of memory that is not the host's a test alone may look at them. Raises `GpuError` when closed."""
        if self._array is None:
            raise gpu_error("reach closed memory", "CUDA_ERROR_INVALID_VALUE", "a test")
        return self._array

    def _release(self) -> None:
        self._gpu.drop_block(self._address, self.size_bytes)
        self._array = None
