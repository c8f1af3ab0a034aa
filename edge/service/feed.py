# SPDX-License-Identifier: Apache-2.0
"""`Feed`: one source for run after run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from edge.errors import SourceError
from edge.frame import Frame
from edge.service.pace import Pace
from edge.sources.live import LiveSource
from edge.sources.source import SkippedFile, Source

if TYPE_CHECKING:
    from typing_extensions import Self

LIVE_FOR_S = 5.0
"""How old the latest frame of a source may be that is called live and does not tell its state itself."""

_JOIN_S = 2.0


@dataclass(frozen=True, slots=True)
class _End:
    """The source ended, by an error if there is one."""

    error: BaseException | None


class Feed:
    """Reads `source` in a thread and hands its frames to the run of each `open`, one run after the other.

    A frame is asked for only when a run wants it. `pace` may refuse frames of a live source.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.pace = Pace()
        self.frames = self.slowed = 0
        self.latest_s: float | None = None
        self.first_ns: int | None = None
        self._changed = threading.Condition()
        self._wanted = self._closed = False
        self._there: Frame | _End | None = None
        source.used = True
        self._thread = threading.Thread(target=self._read, name=f"feed {source.name}", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the source has ended."""
        return isinstance(self._there, _End)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames lost so far by cause, those that were left out to cool down among them."""
        return {**self.source.dropped, **({"cooling down": self.slowed} if self.slowed else {})}

    def open(self) -> FeedSource:
        """Return the source of the next run; that of the run before must be closed."""
        return FeedSource(self)

    def next(self, is_closed: threading.Event) -> Frame | None:
        """Return the next frame, None at the end or once `is_closed`. Raises what the source raises."""
        while True:
            with self._changed:
                self._wanted = self._there is None
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._there is not None or is_closed.is_set() or self._closed)
                there = self._there
                if is_closed.is_set() or self._closed or there is None:
                    return None
                if isinstance(there, _End):
                    if there.error is not None:
                        raise there.error
                    return None
                self._there = None
            if self._takes(there):
                return there

    def state(self, now_s: float) -> str:
        """Return `live` where frames come, else what the source does instead."""
        if isinstance(self.source, LiveSource):
            return str(self.source.status.state.value)
        is_live = self.latest_s is not None and now_s - self.latest_s <= LIVE_FOR_S
        return "ended" if self.is_over else "live" if is_live else "waiting"

    def status(self, now_s: float) -> dict[str, Any]:
        """Return what the status file says of it; ages are in seconds."""
        age_s = None if self.latest_s is None else round(max(now_s - self.latest_s, 0.0), 3)
        told = {"name": self.source.name, "state": self.state(now_s), "frames": self.frames, "last_frame_age_s": age_s}
        if isinstance(self.source, LiveSource):
            status = self.source.status.to_dict(now_s)
            told |= {
                key: status[key] for key in ("for_s", "reason", "message", "next_attempt_s", "reconnects", "stalls")
            }
        return {**told, "dropped": dict(self.dropped)}

    def wake(self) -> None:
        """Let whoever waits look whether it is closed."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Close the source and wait for the thread, as long as a read may take."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.source.stop()
        self.source.close()
        self._thread.join(_JOIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _takes(self, frame: Frame) -> bool:
        if self.source.live and not self.pace.takes(frame.time_ns / 1e9):
            self.slowed += 1
            return False
        self.frames += 1
        self.latest_s = time.monotonic()
        self.first_ns = frame.time_ns if self.first_ns is None else self.first_ns
        return True

    def _read(self) -> None:
        there: Frame | _End
        frames = self.source.frames()
        while not self.is_over:
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
    """The frames of a feed for one run."""

    def __init__(self, feed: Feed) -> None:
        source = feed.source
        self.name, self.live, self.fps, self.frame_count = source.name, source.live, source.fps, source.frame_count
        self.epoch_ns = feed.first_ns
        self._feed = feed
        self._is_closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the source ends or this is closed."""
        while (frame := self._feed.next(self._is_closed)) is not None:
            yield frame

    @property
    def dropped(self) -> Mapping[str, int]:
        """Those of the feed."""
        return self._feed.dropped

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """Files passed over."""
        return self._feed.source.skipped

    def stop(self) -> None:
        """End `frames`; the feed goes on."""
        self._is_closed.set()
        self._feed.wake()

    def close(self) -> None:
        """End `frames`; the feed goes on."""
        self.stop()
