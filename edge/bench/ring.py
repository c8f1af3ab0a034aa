# SPDX-License-Identifier: Apache-2.0
"""Frames kept in memory and shown again and again, as fast as they are fetched or at a camera's rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from edge.errors import SourceError
from edge.frame import Frame
from edge.sources.open import open_source
from edge.sources.source import Source

RING_FRAMES = 32
MAX_RING_BYTES = 256 * 2**20
_DEFAULT_FPS = 30.0


def ring_from_source(name: str) -> tuple[list[Frame], float]:
    """Return the first frames of a source, and its frames a second. Raises `SourceError`, `UsageError`."""
    with open_source(name) as source:
        fps = source.fps or _DEFAULT_FPS
        frames: list[Frame] = []
        for frame in islice(source.frames(), RING_FRAMES):
            frames.append(frame)
            if len(frames) * frame.pixels.nbytes >= MAX_RING_BYTES:
                break
    if not frames:
        raise SourceError(f"source {name} shows no frame; give one that does")
    return frames, fps


class RingSource(Source):
    """`frames` there and back without end, so that nothing on them jumps, until it is closed.

    With a rate, a frame is captured at each tick of it; one that nobody fetched until the next tick is dropped.
    """

    def __init__(self, frames: Sequence[Frame], *, fps: float, paced: bool) -> None:
        self.name, self.fps, self.live = "ring", fps, paced
        self._ring = [*frames, *frames[-2:0:-1]]
        self._period_ns = round(1e9 / fps)
        self._closed = threading.Event()
        self._lost = 0
        self.start_ns = 0

    def frames(self) -> Iterator[Frame]:
        """Yield frames with times and numbers of their own; a live one has no time within a recording."""
        index = 0
        self.start_ns = time.monotonic_ns() + (self._period_ns if self.live else 0)
        while not self._closed.is_set():
            now_ns = time.monotonic_ns()
            if self.live:
                newest = (now_ns - self.start_ns) // self._period_ns
                if newest > index:
                    self._lost += newest - index
                    index = newest
                due_ns = self.start_ns + index * self._period_ns
                if due_ns > now_ns and self._closed.wait((due_ns - now_ns) / 1e9):
                    return
                media_s, now_ns = None, due_ns
            else:
                media_s = index / (self.fps or _DEFAULT_FPS)
            yield replace(self._ring[index % len(self._ring)], time_ns=now_ns, index=index, media_time_s=media_s)
            index += 1

    def captured_ns(self, index: int) -> int:
        """Return when frame `index` of a paced ring was captured."""
        return self.start_ns + index * self._period_ns

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames that nobody fetched before the next one came."""
        return {"not fetched in time": self._lost} if self._lost else {}

    def close(self) -> None:
        """End, also while waiting for a tick."""
        self._closed.set()
