# SPDX-License-Identifier: Apache-2.0
"""A recording, decoded by OpenCV's FFmpeg."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat, Pixels
from edge.sources.container import container_from_file
from edge.sources.file_name import name_for_opencv, printable
from edge.sources.source import Source

DECODER_THREADS = 1

# A frame at either end may not be decodable; a duration may be that of a sound that goes on behind the last frame.
_TOLERANCE = 0.02
_TOLERANCE_FRAMES = 2
_TOLERANCE_S = 1.0

# Behind damage, the decoder fails once for each frame until the next one that stands by itself: two seconds or so.
_MOST_FAILURES = 100


class VideoSource(Source):
    """The frames of a video file; damaged ones are passed over and counted, and too few of them are an error.

    Raises:
        SourceError: the file cannot be opened as a video; from `frames`, it is truncated or damaged.
    """

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        self.name = printable(str(path) if name is None else name)
        self._path = path
        self._container = container_from_file(path)
        self._reading = threading.Lock()
        self._closed = False
        self._damaged = 0
        self._capture = _opened_capture(path)
        if not self._capture.isOpened():
            missing = self._container.missing
            cause = f"it is truncated, missing {missing}" if missing else "it is damaged or uses an unknown codec"
            raise SourceError(f"cannot open video {path}: {cause}; record or copy it again, or convert it to H.264 MP4")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.fps = fps if 0 < fps < 1000 else None
        self.frame_count = int(count) if count > 0 else None

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames passed over so far because they could not be decoded."""
        return {"damaged": self._damaged} if self._damaged else {}

    def frames(self) -> Iterator[Frame]:
        """Yield the frames. Raises `SourceError` behind the last one of a file that is truncated or damaged."""
        decoded = failures = 0
        time_s = 0.0
        while failures <= _MOST_FAILURES:
            read = self._read()
            if read is None:
                if self._closed or decoded + self._damaged + failures >= (self.frame_count or 0):
                    break
                failures += 1
                continue
            self._damaged += failures
            failures = 0
            pixels, stamped_s = read
            time_s = self._media_time_s(stamped_s, decoded, time_s)
            index = decoded + self._damaged
            yield Frame(pixels, PixelFormat.BGR, time.monotonic_ns(), index, self.name, media_time_s=time_s)
            decoded += 1
        if not self._closed:
            self._check_complete(decoded, time_s)

    def close(self) -> None:
        """Release the file, after a read in progress."""
        self._closed = True
        with self._reading:
            self._capture.release()

    def _read(self) -> tuple[Pixels, float] | None:
        """The next picture and its time stamp; both under the lock, for `close` may come at any moment."""
        with self._reading:
            ok, pixels = self._capture.read()
            stamped_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        return (pixels, stamped_s) if ok else None  # type: ignore[return-value]

    def _media_time_s(self, stamped_s: float, decoded: int, previous_s: float) -> float:
        if stamped_s > previous_s or decoded == 0:
            return max(stamped_s, 0.0)
        return previous_s + 1.0 / (self.fps or 30.0)

    def _check_complete(self, decoded: int, last_s: float) -> None:
        if decoded == 0:
            raise SourceError(f"video {self._path} has no picture that can be decoded; record or copy it again")
        fault = self._fault(decoded, last_s)
        if fault is not None:
            raise SourceError(
                f"video {self._path} is truncated or damaged: {fault}; the results of {decoded} frames are kept,"
                " record or copy it again for the rest"
            )

    def _fault(self, decoded: int, last_s: float) -> str | None:
        declared, stated = self.frame_count or 0, self._container.stated
        if stated == "frames" and declared > 0:
            tolerance = max(_TOLERANCE_FRAMES, _TOLERANCE * declared)
            told = f"{decoded} of {declared} frames could be decoded"
            return told if decoded < declared - tolerance else None
        if stated == "duration" and self.fps is not None:
            duration_s = declared / self.fps
            told = f"it ends at {last_s:.1f} of {duration_s:.1f} s"
            return told if last_s < duration_s - max(_TOLERANCE_S, _TOLERANCE * duration_s) else None
        return self._container.missing and f"{self._container.missing} are missing"


def _opened_capture(path: Path) -> cv2.VideoCapture:
    options = {
        cv2.CAP_PROP_N_THREADS: DECODER_THREADS,
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: 10_000,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: 10_000,
    }
    with name_for_opencv(path) as name:
        return cv2.VideoCapture(name, cv2.CAP_FFMPEG, [number for option in options.items() for number in option])
