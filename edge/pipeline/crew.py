# SPDX-License-Identifier: Apache-2.0
"""The threads of a run: one a source, one a lane, one a sink."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from edge.device import Device
from edge.errors import SourceError
from edge.pipeline.capture import capture
from edge.pipeline.conveyor import Conveyor, Finished
from edge.pipeline.faults import warn_of
from edge.pipeline.following import Following
from edge.pipeline.freshness import Freshness
from edge.pipeline.lane import Lane
from edge.pipeline.sink_thread import SinkThread
from edge.sinks.sink import Sink
from edge.sources.live import LiveSource
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
        sources: Sequence[Source],
        *,
        sinks: Sequence[Sink],
        max_frames: int | None,
        following: Following | None = None,
        freshness: Freshness,
    ) -> None:
        prefetched = 0 if all(source.live for source in sources) else PREFETCH_FRAMES
        self.conveyor = Conveyor(len(lanes) + prefetched, sources=len(sources))
        self.sinks: list[SinkThread] = []
        self._sources = sources
        self._lanes = lanes
        self._stopped = self._dismissed = False
        self._exchange = threading.Lock()
        self._lost_by_gone: Counter[str] = Counter()
        self._captures: list[threading.Thread] = []
        try:
            for sink in sinks:
                self.sinks.append(self._sink_thread(sink))
            for number, lane in enumerate(lanes):
                lane.start(self.conveyor, name=f"lane {number}", following=following, freshness=freshness)
            for place in range(len(sources)):
                self._captures.append(self._started_capture(place, max_frames))
        except BaseException:
            warn_of(self.dismiss())
            raise

    @property
    def dropped(self) -> Mapping[str, int]:
        """What sinks were too slow for, or lost otherwise, by cause."""
        counts = self._lost_by_gone.copy()
        for sink in self.sinks:
            counts.update(sink.lost)
        return {cause: count for cause, count in counts.items() if count}

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
        for source in self._sources:
            source.stop()

    def put(self, finished: Finished) -> None:
        """Hand a result to all sinks; it waits while sinks are exchanged, for else nobody would get it."""
        with self._exchange:
            for sink in self.sinks:
                sink.put(finished)

    def exchange_sinks(
        self, leaving: Sequence[Sink], coming: Sequence[Sink], *, instead: Callable[[], Sequence[Sink]]
    ) -> None:
        """Close some sinks, then open others. Raises what went wrong; of `coming` none stays then, but `instead`."""
        errors: list[BaseException] = []
        with self._exchange:
            gone = [thread for thread in self.sinks if thread.sink in leaving]
            self.sinks = [thread for thread in self.sinks if thread not in gone]
            for thread in gone:
                errors += thread.close()
                self._lost_by_gone.update(thread.lost)
            try:
                self._add(coming)
            except BaseException:
                self._add(instead())
                raise
        warn_of(errors)

    def dismiss(self) -> list[BaseException]:
        """End all threads and return what went wrong in sinks and in closing sources.

        Sources are told to close all at once, and sinks finish what they have before anybody waits for a source. Lanes
        are waited for as long as it takes, so that they are free afterwards.
        """
        self._dismissed = True
        self.conveyor.abort()
        for source in self._sources:
            source.stop()
        for source in self._sources:
            if isinstance(source, LiveSource):
                source.begin_to_close()
        errors: list[BaseException] = []
        with self._exchange:
            for sink in self.sinks:
                errors += sink.close()
        for source in self._sources:
            errors += _closed(source)
        for lane in self._lanes:
            lane.join()
        return errors + self._capture_faults()

    def _add(self, sinks: Sequence[Sink]) -> None:
        """Open all of some sinks, or none."""
        opened: list[SinkThread] = []
        try:
            opened.extend(self._sink_thread(sink) for sink in sinks if not self._dismissed)
        except BaseException:
            for thread in opened:
                warn_of(thread.close())
            raise
        self.sinks = [*self.sinks, *opened]

    def _sink_thread(self, sink: Sink) -> SinkThread:
        return SinkThread(sink, self._sources, stopped=lambda: self._stopped)

    def _capture_faults(self) -> list[BaseException]:
        deadline_s = time.monotonic() + JOIN_TIMEOUT_S
        faults: list[BaseException] = []
        for thread, source in zip(self._captures, self._sources, strict=False):
            if thread is threading.current_thread():
                continue
            thread.join(max(0.0, deadline_s - time.monotonic()))
            if thread.is_alive():
                told = f"source {source.name} was closed and did not end its frame within {JOIN_TIMEOUT_S:g} s"
                faults.append(SourceError(f"{told}; its close must wake whoever waits in frames"))
        return faults

    def _captures_no_more(self) -> bool:
        return self._stopped or self._dismissed

    def _started_capture(self, place: int, max_frames: int | None) -> threading.Thread:
        def work() -> None:
            source = self._sources[place]
            capture(source, self.conveyor, place=place, max_frames=max_frames, stopped=self._captures_no_more)

        thread = threading.Thread(target=work, name=f"capture {place}", daemon=True)
        thread.start()
        return thread


def _closed(source: Source) -> list[BaseException]:
    try:
        source.close()
    except Exception as error:  # noqa: BLE001 - every thread must be ended, whatever happens to a source
        return [error]
    return []
