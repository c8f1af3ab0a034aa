# SPDX-License-Identifier: Apache-2.0
"""`HeartbeatSource`: black frames that only prove that the models still answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from edge.frame import Frame, PixelFormat
from edge.sources.source import Source

HEARTBEAT = "edge:heartbeat"
"""Name of the source; no sink sees its frames."""

_SHAPE = (240, 320, 3)
_LOOK_S = 0.05


class HeartbeatSource(Source):
    """A frame at once, and one whenever there was no answer for `idle_s`: what tells hung models from dead cameras.

    `answered_s` tells when the models answered last, on the monotonic clock; it ends when `is_over` says so. `live` is
    as of the sources beside it, whose frames must not wait for room because of it.
    """

    name = HEARTBEAT
    continuous = False  # a detector that rests on what it saw before would prove nothing

    def __init__(
        self, *, idle_s: float, live: bool, answered_s: Callable[[], float], is_over: Callable[[], bool]
    ) -> None:
        self.live = live
        self._idle_s, self._answered_s, self._is_over = idle_s, answered_s, is_over
        self._closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield heartbeats."""
        index, sent_s = 0, time.monotonic()
        yield self._frame(index)
        while not self._closed.wait(_LOOK_S) and not self._is_over():
            now_s = time.monotonic()
            if now_s - max(self._answered_s(), sent_s) >= self._idle_s:
                index, sent_s = index + 1, now_s
                yield self._frame(index)

    def stop(self) -> None:
        """End `frames`."""
        self._closed.set()

    def close(self) -> None:
        """End `frames`."""
        self._closed.set()

    @staticmethod
    def _frame(index: int) -> Frame:
        # As of a recording, for it is never too old to prove something.
        pixels = np.zeros(_SHAPE, np.uint8)
        return Frame(pixels, PixelFormat.BGR, time.monotonic_ns(), index, HEARTBEAT, media_time_s=0.0)
