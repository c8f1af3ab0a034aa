# SPDX-License-Identifier: Apache-2.0
"""`Feed`: one source for run after run, with heartbeats where no frame comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.service.pace import Pace
from edge.sources.source import SkippedFile, Source

if TYPE_CHECKING:
    from typing_extensions import Self

HEARTBEAT = "edge:heartbeat"
"""Source of the frames that only prove that the models still answer; no sink sees them."""

LIVE_FOR_S = 5.0
"""How old the latest frame of a source that is live may be."""

_FIRST_SHAPE = (240, 320, 3)
_JOIN_S = 2.0


@dataclass(frozen=True, slots=True)
class _End:
    """The source ended, by an error if there is one."""

    error: BaseException | None


class Feed:
    """Reads `source` in a thread and hands its frames to the run of each `open`, one run after the other.

    A frame is asked for only when a run wants it. Where none comes for `idle_s`, and first of all, the run gets a black
    heartbeat in its place, so that a dead camera and hung models can be told apart. `pace` may refuse frames of a live
    source.
    """

    def __init__(self, source: Source, *, idle_s: float) -> None:
        self.source = source
        self.pace = Pace()
        self.idle_s = idle_s
        self.frames = self.slowed = 0
        self.latest_s: float | None = None
        self._changed = threading.Condition()
        self._wanted = self._closed = False
        self._there: Frame | _End | None = None
        self._first_ns: int | None = None
        self._heartbeats = 0
        self._shape, self._format = _FIRST_SHAPE, PixelFormat.BGR
        source.used = True
        self._thread = threading.Thread(target=self._read, name=f"feed {source.name}", daemon=True)
        self._thread.start()

    def open(self) -> FeedSource:
        """Return the source of the next run; that of the run before must be closed."""
        return FeedSource(self)

    def next(self, is_closed: threading.Event) -> Frame | None:
        """Return the next frame or a heartbeat, None at the end or once `is_closed`. Raises what the source raises."""
        deadline_s = time.monotonic() + self.idle_s
        while True:
            with self._changed:
                self._wanted = self._there is None
                self._changed.notify_all()
                left_s = deadline_s - time.monotonic()
                self._changed.wait_for(lambda: self._there is not None or is_closed.is_set() or self._closed, left_s)
                if is_closed.is_set() or self._closed:
                    return None
                there = self._there
                if isinstance(there, _End):
                    if there.error is not None:
                        raise there.error
                    return None
                self._there = None
            if there is None:
                return self.heartbeat()
            if self._takes(there):
                return self._taken(there)

    def heartbeat(self) -> Frame:
        """Return a black frame like the latest one."""
        self._heartbeats += 1
        pixels = np.zeros(self._shape, np.uint8)
        return Frame(pixels, self._format, time.monotonic_ns(), self._heartbeats, HEARTBEAT, media_time_s=0.0)

    def is_live(self, now_s: float) -> bool:
        """Return whether frames come."""
        return self.latest_s is not None and now_s - self.latest_s <= LIVE_FOR_S

    def wake(self) -> None:
        """Let whoever waits look whether it is closed."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Close the source and wait for the thread, as long as a read may take."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.source.close()
        self._thread.join(_JOIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _takes(self, frame: Frame) -> bool:
        if not self.source.live or self.pace.takes(frame.time_ns / 1e9):
            return True
        self.slowed += 1
        return False

    def _taken(self, frame: Frame) -> Frame:
        self.frames += 1
        self.latest_s = time.monotonic()
        self._shape, self._format = frame.pixels.shape, frame.pixel_format
        if frame.media_time_s is not None:
            return frame
        # Runs count from their own first frame; what is written counts from the first of all.
        self._first_ns = frame.time_ns if self._first_ns is None else self._first_ns
        return replace(frame, media_time_s=(frame.time_ns - self._first_ns) / 1e9)

    def _read(self) -> None:
        there: Frame | _End
        frames = self.source.frames()
        while not isinstance(self._there, _End):
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._closed)
                if self._closed:
                    return
            try:
                there = next(frames, None) or _End(self._fault_of_end())
            except BaseException as error:  # noqa: BLE001 - crosses to the thread of the run, which raises it
                there = _End(error)
            with self._changed:
                self._there, self._wanted = there, False
                self._changed.notify_all()

    def _fault_of_end(self) -> SourceError | None:
        told = f"live source {self.source.name} ended; check its cable and power"
        return SourceError(told) if self.source.live and not self._closed else None


class FeedSource(Source):
    """The frames of a feed for one run, a heartbeat first."""

    def __init__(self, feed: Feed) -> None:
        self.name, self.live, self.fps = feed.source.name, feed.source.live, feed.source.fps
        self._feed = feed
        self._is_closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield frames and heartbeats until the source ends or this is closed."""
        yield self._feed.heartbeat()
        while (frame := self._feed.next(self._is_closed)) is not None:
            yield frame

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames lost so far by cause, those that were left out to cool down among them."""
        slowed = {"cooling down": self._feed.slowed} if self._feed.slowed else {}
        return {**self._feed.source.dropped, **slowed}

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """Files passed over."""
        return self._feed.source.skipped

    def close(self) -> None:
        """End `frames`; the feed goes on."""
        self._is_closed.set()
        self._feed.wake()
