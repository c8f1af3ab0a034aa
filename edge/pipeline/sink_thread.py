# SPDX-License-Identifier: Apache-2.0
"""A sink at work: its thread and its bounded queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from edge.errors import EdgeError, OutputError
from edge.pipeline.conveyor import MAX_HELD_BYTES, Finished
from edge.pipeline.faults import raise_first, warn_of
from edge.sinks.sink import Sink
from edge.sources.source import Source

QUEUE_FRAMES = 4

STOPPED_TIMEOUT_S = 1.0
"""How long one call of a sink without a time limit may take once the run was told to stop."""

_LOOK_S = 0.1


class SinkThread:
    """Feeds one sink. Raises what the sink's `open` raises.

    When the queue is full, by frames or by bytes, a recording waits (back-pressure) and with a live source among the
    sources the oldest frames are dropped and counted.
    A sink that makes no progress for its `stall_timeout_s` is given up with an `OutputError`; one that has no limit is
    given up with a warning, when `stopped` says that the run shall end.
    """

    def __init__(self, sink: Sink, sources: Sequence[Source], *, stopped: Callable[[], bool] = lambda: False) -> None:
        self.name = sink.name
        self.dropped = 0
        self.sink = sink
        self._sources = sources
        self._is_live = any(source.live for source in sources)
        self._stopped = stopped
        self._changed = threading.Condition()
        self._queue: deque[Finished] = deque()
        self._errors: list[BaseException] = []
        self._opened = self._closing = self._closed = False
        self._steps = 0
        self._thread = threading.Thread(target=self._serve, name=f"sink {sink.name}", daemon=True)
        self._thread.start()
        with self._changed:
            self._wait_for(lambda: self._opened or self._closed)
        if not self._opened:
            raise_first(self.close())

    @property
    def lost(self) -> Mapping[str, int]:
        """How many frames it was too slow for, and what the sink lost otherwise, by cause."""
        lost_by_sink = {f"{self.name}: {cause}": count for cause, count in self.sink.lost.items()}
        return {f"{self.name} was too slow": self.dropped, **lost_by_sink}

    def put(self, item: Finished) -> None:
        """Queue one frame. Raises what went wrong in the sink, and `OutputError` when it stalls."""
        with self._changed:
            while self._is_live and not self._has_room_for(item):
                self._queue.popleft()
                self.dropped += 1
            self._wait_for(lambda: self._closed or self._has_room_for(item) or bool(self._errors))
            if self._errors:
                raise self._errors[0]
            if not self._closed:
                self._queue.append(item)
                self._changed.notify_all()

    def close(self) -> list[BaseException]:
        """Let the sink write what is queued and close it; return all that went wrong in it."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._wait_for(lambda: self._closed)
            return list(self._errors)

    def _has_room_for(self, item: Finished) -> bool:
        queued_bytes = sum(queued.frame.pixels.nbytes for queued in self._queue)
        fits = len(self._queue) < QUEUE_FRAMES and queued_bytes + item.frame.pixels.nbytes <= MAX_HELD_BYTES
        return fits or not self._queue

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait as long as the sink makes progress, and give it up when it makes none; the lock is held."""
        while not condition():
            steps = self._steps

            def moved(before: int = steps) -> bool:
                return condition() or self._steps != before

            if not self._wait_for_step(moved):
                self._give_up()
                return

    def _wait_for_step(self, moved: Callable[[], bool]) -> bool:
        if self.sink.stall_timeout_s is not None:
            return self._changed.wait_for(moved, self.sink.stall_timeout_s)
        while not self._changed.wait_for(moved, _LOOK_S):
            if self._stopped():
                return self._changed.wait_for(moved, STOPPED_TIMEOUT_S)
        return True

    def _give_up(self) -> None:
        self._closed = self._closing = True
        limit_s = self.sink.stall_timeout_s
        if limit_s is not None:
            told = f"{self.name} made no progress for {limit_s:g} s; check what it writes to"
            self._errors.append(OutputError(told))
        else:
            told = f"{self.name} was not read to its end when the run was stopped; its last results are lost"
            warn_of([OutputError(told)])

    def _serve(self) -> None:
        try:
            self.sink.open_all(self._sources)
            self._opened = True
            while (item := self._next()) is not None:
                self.sink.write(item.frame, item.result)
        except BaseException as error:  # noqa: BLE001 - crosses to the consumer's thread, which raises it
            self._fail(error)
        try:
            self.sink.close()
        except BaseException as error:  # noqa: BLE001 - likewise
            self._fail(error)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> Finished | None:
        """Return the next frame, waited for; None when none will come."""
        with self._changed:
            self._steps += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: bool(self._queue) or self._closing)
            return self._queue.popleft() if self._queue else None

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, EdgeError):
            cause, error = error, OutputError(f"{self.name} failed: {error}")
            error.__cause__ = cause
        with self._changed:
            self._errors.append(error)
            self._changed.notify_all()
