# SPDX-License-Identifier: Apache-2.0
"""The threads of a run: one that captures, one a lane, one a sink."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from edge.pipeline.capture import capture
from edge.pipeline.conveyor import Conveyor
from edge.pipeline.lane import Lane
from edge.pipeline.sink_thread import SinkThread
from edge.sinks.sink import Sink
from edge.sources.source import Source

PREFETCH_FRAMES = 2
"""How many frames of a recording may be decoded before a lane is free for them; those of a live source would age."""

JOIN_TIMEOUT_S = 10.0


class Crew:
    """Starts all threads of a run, sinks first. Raises what the sinks' `open` raises."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        source: Source,
        *,
        sinks: Sequence[Sink],
        max_frames: int | None,
    ) -> None:
        self.conveyor = Conveyor(len(lanes) + (0 if source.live else PREFETCH_FRAMES))
        self.sinks: list[SinkThread] = []
        self._source = source
        self._stopped = False
        self._threads: list[threading.Thread] = []
        try:
            for sink in sinks:
                self.sinks.append(SinkThread(sink, source))
            for number, lane in enumerate(lanes):
                self._start(f"lane {number}", partial(lane.serve, self.conveyor))
            stopped = lambda: self._stopped  # noqa: E731
            self._start("capture", partial(capture, source, self.conveyor, max_frames=max_frames, stopped=stopped))
        except BaseException:
            self.dismiss()
            raise

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames that sinks were too slow for, by cause."""
        return {f"{sink.name} was too slow": sink.dropped for sink in self.sinks if sink.dropped}

    def stop(self) -> None:
        """Capture no more frames."""
        self._stopped = True

    def dismiss(self) -> list[BaseException]:
        """End all threads, sinks last, and return what went wrong in sinks and in closing the source."""
        self._stopped = True
        self.conveyor.abort()
        errors: list[BaseException] = []
        for close in (self._source.close, *(sink.close for sink in self.sinks)):
            try:
                close()
            except Exception as error:  # noqa: BLE001, PERF203 - every thread must be ended, whatever happens to one
                errors.append(error)
        for thread in self._threads:
            thread.join(JOIN_TIMEOUT_S)
        return errors

    def _start(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
