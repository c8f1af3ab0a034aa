# SPDX-License-Identifier: Apache-2.0
"""An annotated video that stays readable when its program, its disk or its power ends."""

from __future__ import annotations

import importlib.util
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.canvas import Canvas
from edge.sinks.checked_file import CheckedFile
from edge.sinks.rate import Rate
from edge.sinks.sink import Sink
from edge.sinks.video_place import place_of_video
from edge.sources.source import Source

if TYPE_CHECKING:
    import av

# Each second is a fragment, or a cluster, that stands by itself; nothing is held back for an index at the end.
_OPTIONS = {
    ".mp4": {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"},
    ".mkv": {"cluster_time_limit": "1000", "flush_packets": "1"},
}
_FORMATS = {".mp4": "mp4", ".mkv": "matroska"}
_TICK = Fraction(1, 1000)
_BITS_A_PIXEL = 3
_PICTURES_S = 1.0
_UNKNOWN_FPS = 30.0
_LONGEST_HOLD_S = 5.0


def video_sink(path: Path, *, keeps: bool = False) -> Sink:
    """Return a sink that survives a cut, where PyAV is installed and the container can; else OpenCV's.

    With `keeps` a file that is there stays, and the video goes into `clip-1.mp4`, or the first number that is free.
    """
    if keeps:
        numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(1))
        path = next(file for file in chain([path], numbered) if not os.path.lexists(file))
    if path.suffix.lower() in _OPTIONS and importlib.util.find_spec("av") is not None:
        return EncodedVideoSink(path)
    from edge.sinks.video import VideoSink

    return VideoSink(path)


class EncodedVideoSink(Sink):
    """Writes every frame with its hands drawn in, at its own time, as fragmented .mp4 or as .mkv.

    Whatever ends the writing, all but the last second can be read. Frames of another size than the first are fitted
    into it. Pictures have no times, and follow each other by the second.
    """

    one_source = True

    def __init__(self, path: str | Path) -> None:
        self.name = f"video file {path}"
        self._path = Path(path)
        self._fps: float | None = None
        self._is_new = False
        self._encoder: _Encoder | None = None
        self._ended: OutputError | None = None

    def open(self, source: Source) -> None:
        """See that the file can be written. Raises `OutputError`."""
        self._fps, self._ended = source.fps, None
        self._path, self._is_new = place_of_video(self._path, self.name)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw and encode one frame. Raises `OutputError`."""
        if self._ended is not None:
            raise self._ended
        if self._encoder is None:
            self._encoder = self._guarded(lambda: _Encoder(self._path, frame, self._fps or _UNKNOWN_FPS))
        encoder = self._encoder
        step_s = _PICTURES_S if frame.path is not None else None
        self._guarded(lambda: encoder.write(frame, result, step_s=step_s))

    def close(self) -> None:
        """Finish the file. Raises `OutputError`."""
        is_new, self._is_new = self._is_new, False
        if self._encoder is None:
            if is_new and self._ended is None:
                self._path.unlink(missing_ok=True)
            return
        self._guarded(self._encoder.finish)
        self._encoder = None
        if not self._path.exists():
            raise OutputError(f"{self.name} was deleted or renamed while it was written; leave it there and run again")

    def _guarded(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the work returns
        import av

        try:
            return work()
        except (OSError, av.FFmpegError) as error:
            encoder, self._encoder = self._encoder, None
            written = 0 if encoder is None else encoder.written
            if encoder is not None:
                encoder.abandon()
            if self._path.suffix.lower() == ".mp4":
                _cut_behind_whole_fragments(self._path)
            self._ended = OutputError(
                f"{self.name} cannot be written: {error.strerror or error}; of {written} frames all but the last second"
                " are kept, make room or name another file"
            )
            raise self._ended from error


class _Encoder:
    """A file being written, the picture its frames are drawn on, and how far it has come."""

    def __init__(self, path: Path, first: Frame, fps: float) -> None:
        import av

        self.canvas = Canvas(first)
        self.written = 0
        self._rate = Rate()
        self._fps = fps
        self._previous_s: float | None = None
        self._due_s = 0.0
        self._latest_tick = -1
        suffix = path.suffix.lower()
        self._file = CheckedFile(path)
        self._container = av.open(self._file, "w", format=_FORMATS[suffix], options=_OPTIONS[suffix])
        self._stream: av.VideoStream = self._container.add_stream("mpeg4", rate=Fraction(fps).limit_denominator(1001))
        self._stream.width, self._stream.height = self.canvas.width_px, self.canvas.height_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.bit_rate = round(_BITS_A_PIXEL * self.canvas.width_px * self.canvas.height_px)
        self._stream.gop_size = max(1, round(fps))
        self._stream.codec_context.time_base = _TICK

    def write(self, frame: Frame, result: FrameResult, *, step_s: float | None) -> None:
        """Encode a frame at its time, the first one being at 0 s; `step_s` after the one before where it has none."""
        import av

        if step_s is not None:
            self._due_s = self.written * step_s
        elif self._previous_s is not None:
            self._due_s += min(max(result.time_s - self._previous_s, 0.0), _LONGEST_HOLD_S)
        self._previous_s = result.time_s
        drawn = self.canvas.draw(frame, result.hands, fps=self._rate.tick())
        picture = av.VideoFrame.from_ndarray(drawn, format="bgr24")
        self._latest_tick = max(round(self._due_s / _TICK), self._latest_tick + 1)
        picture.pts, picture.time_base = self._latest_tick, _TICK
        self._container.mux(self._stream.encode(picture))
        self.written += 1

    def finish(self) -> None:
        """Write what the encoder holds, and the end of the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file without another word to it, as far as it can be done."""
        import av

        with suppress(OSError, av.FFmpegError):
            self._container.close()
        with suppress(OSError):
            self._file.close()


def _cut_behind_whole_fragments(path: Path) -> None:
    """Take back a part of a fragment at the end of a file, for FFmpeg does not open all of those that end in one."""
    with suppress(OSError), path.open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        whole = start = 0
        while start + 8 <= length:
            file.seek(start)
            size, kind = struct.unpack(">I4s", file.read(8))
            start += max(size, 8)
            # A fragment is its table and its data, in two boxes.
            if kind != b"moof" and start <= length:
                whole = start
        file.truncate(whole)
