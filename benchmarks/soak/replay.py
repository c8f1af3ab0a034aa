# SPDX-License-Identifier: Apache-2.0
"""A rendered scene as a source far faster than life."""

from __future__ import annotations

import time
from collections.abc import Iterator

from edge.frame import Frame, PixelFormat
from edge.scene import Scene
from edge.sources import Source

_PICTURES = 32


class ReplaySource(Source):
    """A few rendered pictures over and over, at up to `fps` frames a second, until it is stopped."""

    def __init__(self, *, fps: float, seed: int, width_px: int = 320, height_px: int = 240) -> None:
        self.name, self.fps = "rendered", fps
        scene = Scene(width_px, height_px, hands=2, seed=seed)
        self._pictures = [scene.render(number / 30).bgr for number in range(_PICTURES)]
        self._stopped = False

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures, each not before it is due."""
        begin_s = time.monotonic()
        index = 0
        while not self._stopped:
            ahead_s = begin_s + index / (self.fps or 1.0) - time.monotonic()
            if ahead_s > 0:
                time.sleep(ahead_s)
            picture = self._pictures[index % _PICTURES]
            yield Frame(picture, PixelFormat.BGR, time.monotonic_ns(), index, self.name, media_time_s=index / 30)
            index += 1

    def stop(self) -> None:
        """End after the frame that is waited for."""
        self._stopped = True

    close = stop
