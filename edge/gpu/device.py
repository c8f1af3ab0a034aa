# SPDX-License-Identifier: Apache-2.0
"""What the rest of the package needs of a GPU: memory, streams, events, kernels, graphs, each owned by its opener."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Self

ALIGNMENT_BYTES = 256
"""Every address handed out is a multiple of this, as TensorRT wants it of its tensors."""


@dataclass(frozen=True, slots=True)
class GpuAttributes:
    """What a GPU is, and how it reaches the host's memory.

    Attributes:
        name: as its driver names it.
        compute_capability: major and minor, (8, 7) for Jetson Orin.
        driver: CUDA version of the driver, major and minor.
        memory_bytes: its memory; on an integrated GPU the host's too.
        integrated: it shares the host's memory, so that nothing has to be copied to it.
        coherent: it sees the processor's caches and the processor sees its own (Jetson Thor).
        can_register: memory of the host can be registered with it afterwards.
    """

    name: str
    compute_capability: tuple[int, int]
    driver: tuple[int, int]
    memory_bytes: int
    integrated: bool
    coherent: bool
    can_register: bool


class Closeable(Protocol):
    """Something that is released by `close`, which may be called twice, or by leaving its `with`."""

    def close(self) -> None:
        """Release it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Memory(Closeable, Protocol):
    """A block of the GPU's memory."""

    @property
    def address(self) -> int:
        """Where it begins, for kernels. Raises `GpuError` once it is closed."""

    @property
    def size_bytes(self) -> int:
        """How large it is."""


class HostMemory(Memory, Protocol):
    """A block of the host's memory that the GPU reaches by itself; `address` is the GPU's for it."""

    @property
    def array(self) -> NDArray[np.uint8]:
        """The host's view of it, (size_bytes,) uint8; not to be used once it is closed."""


class Event(Closeable, Protocol):
    """A point in the work of a stream."""

    @property
    def handle(self) -> int:
        """The driver's CUevent, for TensorRT."""

    def synchronize(self) -> None:
        """Wait, asleep and without the interpreter's lock, until all work before it is done. Raises `GpuError`."""

    def done(self) -> bool:
        """Whether all work before it is done. Raises `GpuError`."""

    def elapsed_ms(self, since: Event) -> float:
        """Return the GPU's time from the event `since` to this one; both must be done and be made with `timing`."""


class Graph(Closeable, Protocol):
    """Work that was captured once and runs as one launch."""

    @property
    def nodes(self) -> int:
        """How many kernels, copies and other operations it has."""

    def launch(self, stream: Stream) -> None:
        """Run it on `stream`."""


class Stream(Closeable, Protocol):
    """A queue of work on the GPU, done in order; it does not wait for CUDA's default stream.

    Nothing here waits for the GPU but `synchronize`. What is queued must stay open until it is done.
    """

    @property
    def handle(self) -> int:
        """The driver's CUstream, for TensorRT and other libraries."""

    def copy_in(self, address: int, source: NDArray[np.uint8]) -> None:
        """Copy contiguous bytes of the host to the GPU; truly asynchronous from memory of `Gpu.host_memory` only."""

    def copy_out(self, target: NDArray[np.uint8], address: int) -> None:
        """Copy bytes of the GPU to contiguous ones of the host."""

    def clear(self, address: int, size_bytes: int) -> None:
        """Set bytes of the GPU to zero."""

    def launch(
        self, name: str, grid: tuple[int, int, int], block: tuple[int, int, int], args: bytes, shared_bytes: int
    ) -> None:
        """Run one of the package's kernels; see `edge.gpu.kernels`."""

    def record(self, event: Event) -> None:
        """Let `event` stand for all work queued so far."""

    def wait(self, event: Event) -> None:
        """Let work queued from here on wait for `event`."""

    def capture(self, work: Callable[[], None]) -> Graph:
        """Return what `work` queues on this stream as a graph, without running it. Raises `GpuError`."""

    def synchronize(self) -> None:
        """Wait until all work is done. Raises `GpuError`, also for work queued long before."""


class Gpu(Closeable, Protocol):
    """One GPU; whoever works with it, or closes what is its, does so within `current`."""

    @property
    def attributes(self) -> GpuAttributes:
        """What it is."""

    def current(self) -> AbstractContextManager[None]:
        """Make it this thread's GPU; may be nested."""

    def memory(self, size_bytes: int) -> Memory:
        """Allocate memory of the GPU. Raises `GpuError`."""

    def host_memory(self, size_bytes: int) -> HostMemory:
        """Allocate memory of the host that the GPU reaches, of the kind that is fastest for it. Raises `GpuError`."""

    def stream(self) -> Stream:
        """Open a stream."""

    def event(self, *, timing: bool = False) -> Event:
        """Make an event; with `timing` it can also tell time."""

    def counts(self) -> Mapping[str, int]:
        """Return how many of what it handed out is open, by kind."""
