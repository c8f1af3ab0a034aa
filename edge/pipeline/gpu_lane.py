# SPDX-License-Identifier: Apache-2.0
"""`GpuLane`: a frame's way through all tasks on a stream of a GPU."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import ClassVar

from edge.errors import GpuError, ModelError
from edge.frame import Frame, PixelFormat
from edge.gpu.backend import GpuBackend
from edge.gpu.cascade import Cascade
from edge.gpu.device import Event, Stream
from edge.gpu.frame_slot import FrameSlot
from edge.pipeline.conveyor import Captured
from edge.pipeline.faults import warn_of
from edge.pipeline.lane import Lane
from edge.pipeline.plan import EVERYTHING, Plan
from edge.results import FrameResult, Hands
from edge.runners.stream_model import StreamModel
from edge.tasks.task import Task

MOST_SIZES = 2
"""How many sizes of frames keep their buffers and graphs; a folder of pictures may have any number."""

_Size = tuple[PixelFormat, int, int]


class GpuLane(Lane):
    """`tasks` on a stream of `backend.gpu`, with `models` by the names of the tasks.

    The host puts a frame where the GPU reads it, queues all work as one graph, waits once and reads the hands. When
    the GPU fails and the processor may take over, the tasks do it there from this frame on; `lost` says why. Times are
    those of the host: `upload`, `gpu` until all answers are there, `decode`. Raises `GpuError` and `UsageError`.
    """

    detector_may_rest: ClassVar[bool] = False

    def __init__(self, tasks: Sequence[Task], models: Mapping[str, StreamModel], backend: GpuBackend) -> None:
        super().__init__(tasks)
        self._models, self._backend = models, backend
        self._sizes: dict[_Size, _Place] = {}
        self._left = False
        with backend.gpu.current(), ExitStack() as opened:
            self._stream: Stream = opened.enter_context(backend.gpu.stream())
            self._finished: Event = opened.enter_context(backend.gpu.event())
            self._opened = opened.pop_all()

    def sibling(self) -> GpuLane:
        """Return another lane, with a stream of its own, on the same loaded models."""
        return GpuLane([task.sibling() for task in self.tasks], self._models, self._backend)

    def close(self) -> None:
        """Wait for the thread, and release the stream, its buffers and the tasks; closing twice is allowed."""
        self.join()
        with ExitStack() as stack:
            stack.callback(super().close)
            self._leave()

    def result(self, captured: Captured, plan: Plan = EVERYTHING) -> FrameResult:
        """Return the result of one frame. Raises `ModelError`."""
        if self.lost is not None:
            return super().result(captured, plan)
        frame = captured.frame
        latency_ms = self.latency_before(captured)
        try:
            with self._backend.gpu.current():
                hands = self._through(frame, latency_ms)
        except ModelError as error:
            if not self._backend.cpu_may_take_over:
                raise
            self.lost = error
            warn_of([ModelError(f"{error}; this lane goes on on the processor")])
            self._leave()
            return super().result(captured, plan)
        return self.told(captured, hands, latency_ms)

    def _through(self, frame: Frame, latency_ms: dict[str, float]) -> Hands:
        begin_ns = time.monotonic_ns()
        place = self._place(frame)
        pixels = place.slot.place(frame)
        placed_ns = time.monotonic_ns()
        place.cascade.queue(pixels)
        self._wait()
        if place.cascade.crowded:
            place.cascade.queue_crowd(pixels)
            self._wait()
        done_ns = time.monotonic_ns()
        hands = place.cascade.tell()
        end_ns = time.monotonic_ns()
        edges_ns = (begin_ns, placed_ns, done_ns, end_ns)
        for stage, start_ns, stop_ns in zip(("upload", "gpu", "decode"), edges_ns, edges_ns[1:], strict=False):
            latency_ms[stage] = (stop_ns - start_ns) / 1e6
        return hands

    def _wait(self) -> None:
        self._stream.record(self._finished)
        self._finished.synchronize()

    def _place(self, frame: Frame) -> _Place:
        size = frame.pixel_format, frame.width_px, frame.height_px
        place = self._sizes.get(size)
        if place is None:
            if len(self._sizes) >= MOST_SIZES:
                self._sizes.pop(next(iter(self._sizes))).close()
            place = self._sizes[size] = _Place(self.tasks, self._models, self._backend, self._stream, frame)
        return place

    def _leave(self) -> None:
        """Release what is the GPU's, as far as it lets it go."""
        if self._left:
            return
        self._left = True
        with self._backend.gpu.current(), ExitStack() as stack:
            stack.enter_context(self._opened)
            with suppress(GpuError):
                self._stream.synchronize()
            while self._sizes:
                stack.callback(self._sizes.popitem()[1].close)


class _Place:
    """What a lane has for frames of one size."""

    def __init__(
        self,
        tasks: Sequence[Task],
        models: Mapping[str, StreamModel],
        backend: GpuBackend,
        stream: Stream,
        frame: Frame,
    ) -> None:
        with ExitStack() as opened:
            size_bytes = frame.pixels.nbytes
            self.slot = FrameSlot(backend.gpu, stream, opened, size_bytes=size_bytes, mapped=backend.mapped)
            self.cascade = opened.enter_context(
                Cascade(tasks, models, backend.gpu, stream, frame, hands=backend.hands, capture=backend.capture)
            )
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Release it."""
        self._opened.close()
