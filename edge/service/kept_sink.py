# SPDX-License-Identifier: Apache-2.0
"""`KeptSink`: a sink that stays open from run to run, and whose faults end no run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.service.heartbeat import HEARTBEAT
from edge.sinks.sink import Sink
from edge.sources.source import Source

log = logging.getLogger("edge.service")


class KeptSink(Sink):
    """Passes frames on to `sink`, heartbeats left out; counts what was written and what went wrong.

    It has no time limit, so that a slow sink loses frames of a live source and nothing else. `finish` closes `sink`.
    """

    stall_timeout_s = None

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.name = sink.name
        self.written = self.errors = 0
        self.latest_error: str | None = None
        self.latest_s: float | None = None
        self._is_open = self._is_finished = False
        self._lock = threading.Lock()

    def open_all(self, sources: Sequence[Source]) -> None:
        """Open the sink, the first time. Raises `OutputError`, `UsageError` or `DependencyError`."""
        if not self._is_open:
            self.sink.open_all([source for source in sources if source.name != HEARTBEAT])
            self._is_open = True

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one frame, or count that it could not be written."""
        if result.source == HEARTBEAT:
            return
        with self._lock:
            if self._is_finished:
                return
            try:
                self.sink.write(frame, result)
            except OutputError as error:
                self.errors += 1
                self.latest_error = str(error)
                log.error("%s", error)  # noqa: TRY400 - a sentence for the user
            else:
                self.written += 1
                self.latest_s = time.monotonic()

    @property
    def lost(self) -> Mapping[str, int]:
        """What the sink lost so far, by cause."""
        return self.sink.lost

    def note_status(self, source: str, state: str) -> None:
        """Pass on that a source changed its state."""
        if self._is_open:
            self.sink.note_status(source, state)

    def finish(self) -> None:
        """Close the sink, once the frame is written that it is at. Raises `OutputError`."""
        with self._lock:
            was_open, self._is_finished = self._is_open and not self._is_finished, True
            if was_open:
                self.sink.close()
