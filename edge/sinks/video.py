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

# A damaged time stamp may lie hours ahead, and a file could be filled with the time until then.
_LONGEST_HOLD_S = 5.0


class VideoSink(Sink):
    """Writes every frame with its hands drawn in; frames of another size than the first are fitted into it.

    A frame is repeated until the next one is due, by their times, so that a rate that varies or is not known still
    plays at the speed of life; for the same reason frames of a live source may be left out. Pictures have no times, and
    follow each other by the second.

    Raises:
        OutputError: the ending of the name is none of .mp4, .mkv, .avi and .webm.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = f"video file {path}"
        self._path = Path(path)
        if self._path.suffix.lower() not in _CODECS:
            raise OutputError(f"{self.name} must end in one of {', '.join(_CODECS)}")
        self._source_fps: float | None = None
        self._live = False
        self._previous_s: float | None = None
        self._due_s = 0.0
        self._encoder: _Encoder | None = None
        self._written = 0
        self._rate = Rate()

    def open(self, source: Source) -> None:
        """See that the file can be written and has room. Raises `OutputError`."""
        self._live = source.live
        self._source_fps = source.fps
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
        if self._encoder is None:
            unknown_fps = _UNKNOWN_FPS if frame.path is None else _PICTURES_FPS
            self._encoder = _Encoder(self._path, frame, self._source_fps or unknown_fps)
        repeats = self._repeats(result.time_s, self._encoder.fps)
        if repeats == 0:
            return
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

    def _repeats(self, time_s: float, fps: float) -> int:
        """How often to write the frame of this time: up to its place in the video, the first frame being at 0 s."""
        if self._previous_s is not None:
            self._due_s += min(max(time_s - self._previous_s, 0.0), _LONGEST_HOLD_S)
        self._previous_s = time_s
        return max(0 if self._live else 1, round(self._due_s * fps) + 1 - self._written)

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
        self.fps = fps
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
