# SPDX-License-Identifier: Apache-2.0
"""The threads of a run: one that captures, one a lane, one a sink."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from edge.device import Device
from edge.errors import SourceError
from edge.pipeline.capture import capture
from edge.pipeline.conveyor import Conveyor
from edge.pipeline.faults import warn_of
from edge.pipeline.lane import Lane
from edge.pipeline.sink_thread import SinkThread
from edge.sinks.sink import Sink
from edge.sources.source import Source

PREFETCH_FRAMES = 2
"""How many frames of a recording may be decoded before a lane is free for them; those of a live source would age."""

JOIN_TIMEOUT_S = 10.0
"""How long a source that was closed may take for the frame it is in; it may wait for something that never comes."""


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
        self._lanes = lanes
        self._stopped = self._dismissed = False
        self._exchange = threading.Lock()
        self._dropped_by_gone: Counter[str] = Counter()
        self._capture: threading.Thread | None = None
        try:
            for sink in sinks:
                self.sinks.append(self._sink_thread(sink))
            for number, lane in enumerate(lanes):
                lane.start(self.conveyor, name=f"lane {number}")
            self._capture = self._started_capture(max_frames)
        except BaseException:
            warn_of(self.dismiss())
            raise

    @property
    def dropped(self) -> Mapping[str, int]:
        """What sinks were too slow for, or lost otherwise, by cause."""
        counts = self._dropped_by_gone.copy()
        for sink in self.sinks:
            counts[sink.name] += sink.dropped
        slow = {f"{name} was too slow": count for name, count in counts.items() if count}
        return {**slow, **{f"{sink.name}: {cause}": n for sink in self.sinks for cause, n in sink.sink.lost.items()}}

    def device(self, chosen: Device) -> Device:
        """Return the processor that was chosen, with what became of it."""
        lost = [lane.lost for lane in self._lanes if lane.lost is not None]
        if not lost:
            return chosen
        name = "cpu" if len(lost) == len(self._lanes) else chosen.name
        return Device(name, f"{len(lost)} of {len(self._lanes)} lanes left the {chosen.name}: {lost[0]}")

    def stop(self) -> None:
        """Capture no more frames, and wait no longer for whoever reads what a sink writes."""
        self._stopped = True

    def exchange_sinks(self, leaving: Sequence[Sink], coming: Sequence[Sink]) -> None:
        """Close some sinks, then open others. Raises what went wrong; of `coming` none stays then."""
        errors: list[BaseException] = []
        with self._exchange:
            gone = [thread for thread in self.sinks if thread.sink in leaving]
            self.sinks = [thread for thread in self.sinks if thread not in gone]
            for thread in gone:
                errors += thread.close()
                self._dropped_by_gone[thread.name] += thread.dropped
            opened: list[SinkThread] = []
            try:
                opened.extend(self._sink_thread(sink) for sink in coming if not self._dismissed)
            except BaseException:
                for thread in opened:
                    warn_of(thread.close())
                raise
            self.sinks = [*self.sinks, *opened]
        warn_of(errors)

    def dismiss(self) -> list[BaseException]:
        """End all threads and return what went wrong in sinks and in closing the source.

        Lanes are waited for as long as it takes, so that they are free afterwards.
        """
        self._dismissed = True
        self.conveyor.abort()
        errors: list[BaseException] = []
        try:
            self._source.close()
        except Exception as error:  # noqa: BLE001 - every thread must be ended, whatever happens to the source
            errors.append(error)
        with self._exchange:
            for sink in self.sinks:
                errors += sink.close()
        for lane in self._lanes:
            lane.join()
        return errors + self._capture_fault()

    def _sink_thread(self, sink: Sink) -> SinkThread:
        return SinkThread(sink, self._source, stopped=lambda: self._stopped)

    def _capture_fault(self) -> list[BaseException]:
        if self._capture is None or self._capture is threading.current_thread():
            return []
        self._capture.join(JOIN_TIMEOUT_S)
        if not self._capture.is_alive():
            return []
        told = f"source {self._source.name} was closed and did not end its frame within {JOIN_TIMEOUT_S:g} s"
        return [SourceError(f"{told}; its close must wake whoever waits in frames")]

    def _captures_no_more(self) -> bool:
        return self._stopped or self._dismissed

    def _started_capture(self, max_frames: int | None) -> threading.Thread:
        def work() -> None:
            capture(self._source, self.conveyor, max_frames=max_frames, stopped=self._captures_no_more)

        thread = threading.Thread(target=work, name="capture", daemon=True)
        thread.start()
        return thread
