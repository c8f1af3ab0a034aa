# SPDX-License-Identifier: Apache-2.0
"""Streams, events and graphs of a `RecordingGpu`."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import GpuError
from edge.frame import PixelFormat
from edge.gpu import parameters
from edge.gpu.device import Event, Stream
from edge.gpu.launcher import HostLauncher
from edge.gpu.owned import Owned

if TYPE_CHECKING:
    from edge.gpu.recording import RecordingGpu

PARAMETERS: dict[str, type[ctypes.Structure]] = {
    **{f"edge_warp_frame_{kind.name.lower()}": parameters.WarpFrame for kind in PixelFormat},
    **{f"edge_warp_crops_{kind.name.lower()}": parameters.WarpCrops for kind in PixelFormat},
    "edge_decode_boxes": parameters.DecodeBoxes,
    "edge_locate_simcc": parameters.LocateSimcc,
    "edge_best_classes": parameters.Classify,
    "edge_probability_of": parameters.Classify,
    "edge_join_second_look": parameters.JoinSecondLook,
    "edge_locate_peaks": parameters.LocatePeaks,
    "edge_label_masks": parameters.LabelMasks,
    "edge_normalise_keypoints": parameters.NormaliseKeypoints,
}


@dataclass(frozen=True, slots=True)
class _Operation:
    """Queued work, the addresses it needs, and what must not be closed before it is done."""

    name: str
    work: Callable[[], None]
    addresses: tuple[int, ...]
    owners: tuple[Any, ...] = ()


class RecordingStream(Owned):
    """A queue that is worked off when somebody waits for it."""

    def __init__(self, gpu: RecordingGpu, number: int) -> None:
        super().__init__("stream", gpu.open)
        self.number = self.handle = number
        self.queued = self.finished = 0
        self._gpu = gpu
        self._queue: deque[_Operation] = deque()
        self._captured: list[_Operation] | None = None
        # Held while work is done: two threads may wait for one stream.
        self._working = threading.RLock()
        gpu.streams.append(self)

    def copy_in(self, address: int, source: NDArray[np.uint8]) -> None:
        """Copy bytes from the host; those of ordinary memory are read at once, as CUDA stages them."""
        held = source if self._gpu.is_mapped(source.ctypes.data) else source.copy()
        self._put("copy in", f"{source.nbytes} bytes", _copy(address, held), (address, address + source.nbytes - 1))

    def copy_out(self, target: NDArray[np.uint8], address: int) -> None:
        """Copy bytes to the host."""

        def work() -> None:
            target[...] = bytes_at(address, target.nbytes).reshape(target.shape)

        self._put("copy out", f"{target.nbytes} bytes", work, (address, address + target.nbytes - 1))

    def clear(self, address: int, size_bytes: int) -> None:
        """Set bytes to zero."""

        def work() -> None:
            bytes_at(address, size_bytes)[...] = 0

        self._put("clear", f"{size_bytes} bytes", work, (address, address + size_bytes - 1))

    def launch(
        self, name: str, grid: tuple[int, int, int], block: tuple[int, int, int], args: bytes, shared_bytes: int
    ) -> None:
        """Queue a kernel's twin."""
        addresses = tuple(pointers_in(PARAMETERS[name].from_buffer_copy(args)))
        twin = HostLauncher()
        self._put("launch", name, lambda: twin.launch(name, grid, block, args, shared_bytes), addresses)

    def execute(self, name: str, work: Callable[[], None], addresses: tuple[int, ...], owner: Any) -> None:
        """Queue the run of a model, for `StreamModel`s that work on the host."""
        self._put("execute", name, work, addresses, (owner,))

    def record(self, event: Event) -> None:
        """Let `event` stand for all work queued so far."""
        self._gpu.call("record", "", self.number, captured=self._captured is not None)
        if self._captured is None:
            own = _of_this_device(event)
            own.stream, own.position = self, self.queued

    def wait(self, event: Event) -> None:
        """Let work queued from here on wait for `event`."""
        own = _of_this_device(event)
        stream, position = own.stream, own.position

        def work() -> None:
            if stream is not None:
                stream.work_until(position)

        self._put("wait", "", work, ())

    def capture(self, work: Callable[[], None]) -> RecordingGraph:
        """Return what `work` queues as a graph, without running it."""
        self._gpu.call("capture", "", self.number)
        self._captured = []
        try:
            work()
            return RecordingGraph(self._captured, self._gpu)
        finally:
            self._captured = None

    def synchronize(self) -> None:
        """Do all work."""
        self._gpu.call("synchronize", "stream", self.number)
        self.work_until(self.queued)

    def work_until(self, position: int) -> None:
        """Do the work up to this place in the queue. Raises what the work raises."""
        with self._working:
            while self.finished < position:
                operation = self._queue.popleft()
                self.finished += 1
                try:
                    self._do(operation)
                except GpuError as error:
                    if error.lost:
                        self._queue.clear()
                        self.finished = self.queued
                    raise

    def pending_addresses(self) -> Iterator[int]:
        """Addresses that work not done yet needs."""
        return (address for operation in tuple(self._queue) for address in operation.addresses)

    def put_graph(self, operations: list[_Operation], graph: RecordingGraph) -> None:
        """Queue a graph's operations as one."""

        def work() -> None:
            for operation in operations:
                self._do(operation)

        addresses = tuple({address for operation in operations for address in operation.addresses})
        self._put("graph", f"{len(operations)} nodes", work, addresses, (graph,))

    def _do(self, operation: _Operation) -> None:
        closed = [owner for owner in operation.owners if owner.closed]
        if closed:
            self._gpu.violations.append(f"{operation.name}: {type(closed[0]).__name__} was closed before it was done")
        self._gpu.call("work", operation.name, self.number)
        self._gpu.require_open(operation.addresses, operation.name)
        operation.work()

    def _put(
        self,
        kind: str,
        detail: str,
        work: Callable[[], None],
        addresses: tuple[int, ...],
        owners: tuple[Any, ...] = (),
    ) -> None:
        self._gpu.call(kind, detail, self.number, captured=self._captured is not None)
        operation = _Operation(f"{kind} {detail}", work, addresses, owners)
        if self._captured is not None:
            self._captured.append(operation)
        else:
            self._queue.append(operation)
            self.queued += 1

    def _release(self) -> None:
        if self.finished < self.queued and not self._gpu.is_lost:
            self._gpu.violations.append(f"stream {self.number} was closed with work in it")
        self._queue.clear()
        self._gpu.streams.remove(self)


class RecordingEvent(Owned):
    """A place in the queue of a stream."""

    def __init__(self, gpu: RecordingGpu, number: int) -> None:
        super().__init__("event", gpu.open)
        self.handle = number
        self.stream: RecordingStream | None = None
        self.position = 0
        self._gpu = gpu

    def synchronize(self) -> None:
        """Do the work before it."""
        stream = self.stream
        self._gpu.call("synchronize", "event", 0 if stream is None else stream.number)
        if stream is not None:
            stream.work_until(self.position)

    def done(self) -> bool:
        """Whether the work before it is done; asking does a piece of it."""
        stream = self.stream
        if stream is None or stream.finished >= self.position:
            return True
        stream.work_until(stream.finished + 1)
        return stream.finished >= self.position

    def elapsed_ms(self, since: Event) -> float:
        """Return 0: no time is kept here."""
        del since
        return 0.0


class RecordingGraph(Owned):
    """Operations that are queued as one."""

    def __init__(self, operations: list[_Operation], gpu: RecordingGpu) -> None:
        super().__init__("graph", gpu.open)
        self.nodes = len(operations)
        self._operations = operations

    def launch(self, stream: Stream) -> None:
        """Queue it on `stream`."""
        if not isinstance(stream, RecordingStream):
            raise TypeError(f"a RecordingGraph runs on a RecordingStream, got {type(stream).__name__}")
        stream.put_graph(self._operations, self)


def _of_this_device(event: Event) -> RecordingEvent:
    if not isinstance(event, RecordingEvent):
        raise TypeError(f"a RecordingStream takes a RecordingEvent, got {type(event).__name__}")
    return event


def bytes_at(address: int, size_bytes: int) -> NDArray[np.uint8]:
    """Return the host's memory at an address as (size_bytes,) uint8, without a copy."""
    return np.ctypeslib.as_array((ctypes.c_uint8 * size_bytes).from_address(address))


def pointers_in(parameter: Any) -> Iterator[int]:
    """Return every pointer of a kernel's parameter, nested structures and arrays included, that is not null."""
    if isinstance(parameter, ctypes.Array):
        for element in parameter:
            yield from pointers_in(element)
    elif isinstance(parameter, ctypes.Structure):
        for field in parameter._fields_:
            kind, value = field[1], getattr(parameter, field[0])
            if kind is ctypes.c_void_p:
                if value:
                    yield value
            elif isinstance(value, (ctypes.Array, ctypes.Structure)):
                yield from pointers_in(value)


def _copy(address: int, source: NDArray[np.uint8]) -> Callable[[], None]:
    def work() -> None:
        bytes_at(address, source.nbytes)[...] = source.reshape(-1)

    return work
