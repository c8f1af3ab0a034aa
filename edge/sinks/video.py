# SPDX-License-Identifier: Apache-2.0
"""An annotated video file."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2

from edge.errors import OutputError, UsageError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.canvas import Canvas
from edge.sinks.rate import Rate
from edge.sinks.sink import Sink
from edge.sinks.video_place import place_of_video
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
        UsageError: the name ends in none of .mp4, .mkv, .avi and .webm.
    """

    one_source = True

    def __init__(self, path: str | Path) -> None:
        self.name = f"video file {path}"
        self._path = Path(path)
        if self._path.suffix.lower() not in _CODECS:
            raise UsageError(f"{self.name} must end in one of {', '.join(_CODECS)}; rename it")
        self._source_fps: float | None = None
        self._live = self._is_new = False
        self._encoder: _Encoder | None = None
        self._ended: OutputError | None = None

    def open(self, source: Source) -> None:
        """See that the file can be written and has room. Raises `OutputError`."""
        self._live = source.live
        self._source_fps = source.fps
        self._ended = None
        self._path, self._is_new = place_of_video(self._path, self.name)
        if (shortage := self._shortage()) is not None:
            raise OutputError(f"{self.name} cannot be begun because {shortage}; make room or name another file")

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw and encode one frame. Raises `OutputError`."""
        if self._ended is not None:
            raise self._ended
        if self._encoder is None:
            unknown_fps = _UNKNOWN_FPS if frame.path is None else _PICTURES_FPS
            self._encoder = _Encoder(self._path, frame, self._source_fps or unknown_fps)
        encoder = self._encoder
        fps = encoder.rate.tick()
        repeats = encoder.repeats(result.time_s, live=self._live)
        if repeats == 0:
            return
        drawn = encoder.canvas.draw(frame, result.hands, fps=fps)
        for _ in range(repeats):
            if encoder.written % _CHECK_FRAMES == 0 and (shortage := self._shortage()) is not None:
                raise self._end(encoder, shortage)
            encoder.writer.write(drawn)
            encoder.written += 1

    def close(self) -> None:
        """Finish the file and see that it can be read back. Raises `OutputError`."""
        encoder, self._encoder = self._encoder, None
        is_new, self._is_new = self._is_new, False
        if encoder is None:
            if is_new:
                self._path.unlink(missing_ok=True)
            return
        written = encoder.written
        encoder.writer.release()
        if not self._path.exists():
            raise OutputError(f"{self.name} was deleted or renamed while it was written; leave it there and run again")
        readable = _frames_declared(self._path)
        if readable < written:
            raise OutputError(
                f"{self.name} holds {readable} of the {written} frames written to it: the disk is full or its"
                " quota is used up; make room or name another file"
            )

    def _shortage(self) -> str | None:
        free_bytes = shutil.disk_usage(self._path.parent).free
        if free_bytes >= RESERVE_BYTES:
            return None
        return f"the disk is full, with {free_bytes // 2**20} MiB free and {RESERVE_BYTES // 2**20} needed"

    def _end(self, encoder: _Encoder, shortage: str) -> OutputError:
        """Finish the file before its time, and see what it holds: somebody else may have filled the disk."""
        encoder.writer.release()
        self._encoder, self._is_new = None, False
        readable = _frames_declared(self._path)
        self._ended = OutputError(
            f"{self.name} was ended because {shortage}: it holds {readable} of the {encoder.written} frames written to"
            " it; make room or name another file"
        )
        return self._ended


class _Encoder:
    """A file being written, the picture its frames are drawn on, and how far it has come."""

    def __init__(self, path: Path, first: Frame, fps: float) -> None:
        self.canvas = Canvas(first)
        self.fps = fps
        self.rate = Rate()
        self.written = 0
        self._previous_s: float | None = None
        self._due_s = 0.0
        shape_px = self.canvas.width_px, self.canvas.height_px
        codec = cv2.VideoWriter.fourcc(*_CODECS[path.suffix.lower()])
        self.writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, fps, shape_px)
        if not self.writer.isOpened():
            raise OutputError(
                f"video file {path} cannot be encoded at {shape_px[0]}x{shape_px[1]} and {fps:g} fps; choose another"
                f" ending: {', '.join(_CODECS)}"
            )

    def repeats(self, time_s: float, *, live: bool) -> int:
        """How often to write the frame of this time: up to its place in the video, the first frame being at 0 s."""
        if self._previous_s is not None:
            self._due_s += min(max(time_s - self._previous_s, 0.0), _LONGEST_HOLD_S)
        self._previous_s = time_s
        return max(0 if live else 1, round(self._due_s * self.fps) + 1 - self.written)


def _frames_declared(path: Path) -> int:
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return round(reader.get(cv2.CAP_PROP_FRAME_COUNT)) if reader.isOpened() else 0
    finally:
        reader.release()
