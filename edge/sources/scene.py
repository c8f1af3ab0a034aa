# SPDX-License-Identifier: Apache-2.0
"""The built-in scene, `test:hands`: rendered hands for machines without a camera."""

from __future__ import annotations

import time
from collections.abc import Iterator

from edge.errors import UsageError
from edge.frame import Frame, PixelFormat
from edge.sources.query import NumberOption, query_values
from edge.sources.source import Source

SCENE_OPTIONS = {
    "width": NumberOption(1, 16384),
    "height": NumberOption(1, 16384),
    "fps": NumberOption(0.1, 1000, whole=False),
    "seconds": NumberOption(0.001, 1e9, whole=False),
    "seed": NumberOption(0, 2**32 - 1),
    "hands": NumberOption(0, 16),
}


class SceneSource(Source):
    """Rendered frames, as fast as they are fetched; frame n shows the scene at n / fps seconds.

    Attributes:
        scene: what is rendered; `scene.render(index / fps).truth` is the truth of a frame.
    """

    def __init__(
        self,
        *,
        width_px: int = 640,
        height_px: int = 480,
        fps: float = 30.0,
        seconds: float | None = None,
        seed: int = 0,
        hands: int = 2,
        name: str = "test:hands",
    ) -> None:
        from edge.scene import Scene

        self.name, self.fps = name, fps
        self.frame_count = None if seconds is None else max(1, round(seconds * fps))
        self.scene = Scene(width_px, height_px, hands=hands, seed=seed, fps=fps)
        self._closed = False

    @classmethod
    def from_uri(cls, uri: str) -> SceneSource:
        """Open `test:hands?width=&height=&fps=&seconds=&seed=&hands=`; without seconds it goes on until it is closed.

        Raises:
            UsageError: another name than hands, an unknown option, or a value that is not allowed.
        """
        pattern = uri.partition(":")[2].partition("?")[0]
        if pattern != "hands":
            raise UsageError(f"unknown test pattern {pattern!r} in source {uri!r}; the only one is test:hands")
        values = query_values(uri, SCENE_OPTIONS)
        return cls(
            width_px=int(values.get("width", 640)),
            height_px=int(values.get("height", 480)),
            fps=values.get("fps", 30.0),
            seconds=values.get("seconds"),
            seed=int(values.get("seed", 0)),
            hands=int(values.get("hands", 2)),
            name=uri,
        )

    def frames(self) -> Iterator[Frame]:
        """Yield rendered frames until the length asked for, or until the source is closed."""
        fps = self.fps or 30.0
        index = 0
        while not self._closed and (self.frame_count is None or index < self.frame_count):
            picture = self.scene.render(index / fps).bgr
            yield Frame(picture, PixelFormat.BGR, time.monotonic_ns(), index, self.name, media_time_s=index / fps)
            index += 1

    def close(self) -> None:
        """End after the frame being rendered."""
        self._closed = True
