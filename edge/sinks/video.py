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
        self._encoder: _Encoder | None = None
        self._written = 0
        self._rate = Rate()

    def open(self, source: Source) -> None:
        """See that the file can be written and has room. Raises `OutputError`."""
        self._live = source.live
        self._fps = source.fps or (_UNKNOWN_FPS if source.live else _PICTURES_FPS)
        try:
            self._path.open("wb").close()
        except OSError as error:
            raise OutputError(
                f"{self.name} cannot be opened: {error.strerror}; name a file in an existing folder that may be written"
            ) from error
        self._check_room()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw and encode one frame. Raises `OutputError`."""
        fps = self._rate.tick()
        repeats = max(0, int(result.time_s * self._fps) + 1 - self._written) if self._live else 1
        if repeats == 0:
            return
        if self._encoder is None:
            self._encoder = _Encoder(self._path, frame, self._fps)
        drawn = self._encoder.canvas.draw(frame, result.hands, fps=fps)
        for _ in range(repeats):
            if self._written % _CHECK_FRAMES == 0:
                self._check_room()
            self._encoder.writer.write(drawn)
            self._written += 1

    def close(self) -> None:
        """Finish the file and see that it can be read back. Raises `OutputError`."""
        if self._encoder is None:
            with contextlib.suppress(OSError):
                if self._path.stat().st_size == 0:
                    self._path.unlink()
            return
        self._encoder.writer.release()
        self._encoder = None
        readable = _frames_declared(self._path)
        if readable < self._written:
            raise OutputError(
                f"{self.name} holds {readable} of the {self._written} frames written to it: the disk is full or its"
                " quota is used up; make room or name another file"
            )

    def _check_room(self) -> None:
        free_bytes = shutil.disk_usage(self._path.parent).free
        if free_bytes < RESERVE_BYTES:
            raise OutputError(
                f"{self.name} was ended after {self._written} frames because the disk is full: {free_bytes // 2**20}"
                f" MiB free, {RESERVE_BYTES // 2**20} needed; the frames before are kept, make room for more"
            )


class _Encoder:
    """A file being written, and the picture its frames are drawn on."""

    def __init__(self, path: Path, first: Frame, fps: float) -> None:
        self.canvas = Canvas(first)
        shape_px = self.canvas.width_px, self.canvas.height_px
        codec = cv2.VideoWriter.fourcc(*_CODECS[path.suffix.lower()])
        self.writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, fps, shape_px)
        if not self.writer.isOpened():
            raise OutputError(
                f"video file {path} cannot be encoded at {shape_px[0]}x{shape_px[1]} and {fps:g} fps; choose another"
                f" ending: {', '.join(_CODECS)}"
            )


def _frames_declared(path: Path) -> int:
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return round(reader.get(cv2.CAP_PROP_FRAME_COUNT)) if reader.isOpened() else 0
    finally:
        reader.release()
