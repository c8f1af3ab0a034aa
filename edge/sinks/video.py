# SPDX-License-Identifier: Apache-2.0
"""An annotated video file."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import cv2

from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.canvas import Canvas
from edge.sinks.rate import Rate
from edge.sinks.sink import Sink
from edge.sources.source import Source

# What the FFmpeg of OpenCV's own wheels can encode, by container.
_CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}

RESERVE_BYTES = 32 * 2**20
"""Free space at which writing ends, so that the index of the file still fits: OpenCV cannot report a full disk."""

_CHECK_FRAMES = 30
_PICTURES_FPS = 1.0
_UNKNOWN_FPS = 30.0


class VideoSink(Sink):
    """Writes every frame with its hands drawn in; frames of another size than the first are fitted into it.

    A live source's frames are repeated or left out so that the video plays at the speed of life.

    Raises:
        OutputError: the ending of the name is none of .mp4, .mkv, .avi and .webm.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = f"video file {path}"
        self._path = Path(path)
        if self._path.suffix.lower() not in _CODECS:
            raise OutputError(f"{self.name} must end in one of {', '.join(_CODECS)}")
        self._fps = _UNKNOWN_FPS
        self._live = False
        self._written = 0
        self._writer: cv2.VideoWriter | None = None
        self._canvas: Canvas | None = None
        self._rate = Rate()

    def open(self, source: Source) -> None:
        """See that the file can be written and has room. Raises `OutputError`."""
        self._live = source.live
        self._fps = source.fps or (_UNKNOWN_FPS if source.live else _PICTURES_FPS)
        try:
            with self._path.open("wb"):
                pass
        except OSError as error:
            raise OutputError(
                f"{self.name} cannot be opened: {error.strerror}; name a file in an existing folder that may be written"
            ) from error
        self._check_room()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw and encode one frame. Raises `OutputError`."""
        fps = self._rate.tick()
        repeats = self._repeats(result.time_s)
        if repeats == 0:
            return
        if self._writer is None or self._canvas is None:
            self._start(frame)
        canvas = self._canvas.draw(frame, result.hands, fps=fps)
        for _ in range(repeats):
            if self._written % _CHECK_FRAMES == 0:
                self._check_room()
            self._writer.write(canvas)
            self._written += 1

    def close(self) -> None:
        """Finish the file and see that it can be read back. Raises `OutputError`."""
        if self._writer is None:
            with contextlib.suppress(OSError):
                if self._path.stat().st_size == 0:
                    self._path.unlink()
            return
        self._writer.release()
        self._writer = None
        readable = _frames_declared(self._path)
        if readable < self._written:
            raise OutputError(
                f"{self.name} holds {readable} of the {self._written} frames written to it; the disk is full or its quota"
                " is used up, make room or name another file"
            )

    def _start(self, frame: Frame) -> None:
        self._canvas = Canvas(frame)
        size_px = self._canvas.width_px, self._canvas.height_px
        codec = cv2.VideoWriter.fourcc(*_CODECS[self._path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(self._path), cv2.CAP_FFMPEG, codec, self._fps, size_px)
        if not self._writer.isOpened():
            raise OutputError(
                f"{self.name} cannot be encoded at {size_px[0]}x{size_px[1]}, {self._fps:g} fps; choose another ending:"
                f" {', '.join(_CODECS)}"
            )

    def _repeats(self, time_s: float) -> int:
        """How often this frame goes into the file."""
        if not self._live:
            return 1
        return max(0, int(time_s * self._fps) + 1 - self._written)

    def _check_room(self) -> None:
        free_bytes = shutil.disk_usage(self._path.parent).free
        if free_bytes < RESERVE_BYTES:
            raise OutputError(
                f"{self.name} was ended after {self._written} frames because the disk is full"
                f" ({free_bytes // 2**20} MiB free, {RESERVE_BYTES // 2**20} needed); the frames before are kept, make room"
            )


def _frames_declared(path: Path) -> int:
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return round(reader.get(cv2.CAP_PROP_FRAME_COUNT)) if reader.isOpened() else 0
    finally:
        reader.release()
