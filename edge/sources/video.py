# SPDX-License-Identifier: Apache-2.0
"""A recording, decoded by OpenCV's FFmpeg."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat, Pixels
from edge.sources.mp4_boxes import missing_from_mp4
from edge.sources.source import Source

DECODER_THREADS = 1

# Containers without an exact count declare one estimated from duration and rate.
_COUNT_TOLERANCE_FRAMES = 2
_COUNT_TOLERANCE = 0.02


class VideoSource(Source):
    """The frames of a video file; none is dropped, and a file that ends before its declared length is an error.

    Raises:
        SourceError: the file cannot be opened as a video; from `frames`, it is truncated or damaged.
    """

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        self.name = str(path) if name is None else name
        self._path = path
        self._missing = missing_from_mp4(path)
        self._reading = threading.Lock()
        self._closed = False
        self._capture = cv2.VideoCapture(
            str(path),
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_N_THREADS,
                DECODER_THREADS,
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                10_000,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                10_000,
            ],
        )
        if not self._capture.isOpened():
            missing = f"it is truncated, missing {self._missing}" if self._missing else None
            cause = missing or "it is damaged or uses an unknown codec"
            raise SourceError(f"cannot open video {path}: {cause}; record or copy it again, or convert it to H.264 MP4")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.fps = fps if 0 < fps < 1000 else None
        self.frame_count = int(count) if count > 0 else None

    def frames(self) -> Iterator[Frame]:
        """Yield the frames. Raises `SourceError` behind the last one of a file that is truncated or damaged."""
        index, time_s = 0, 0.0
        while (pixels := self._read()) is not None:
            time_s = self._media_time_s(index, time_s)
            yield Frame(
                pixels,
                PixelFormat.BGR,
                time.monotonic_ns(),
                index,
                self.name,
                media_time_s=time_s,
            )
            index += 1
        if not self._closed:
            self._check_complete(index)

    def close(self) -> None:
        """Release the file, after a read in progress."""
        self._closed = True
        with self._reading:
            self._capture.release()

    def _read(self) -> Pixels | None:
        with self._reading:
            ok, pixels = self._capture.read()
        return pixels if ok else None  # type: ignore[return-value]

    def _media_time_s(self, index: int, previous_s: float) -> float:
        stamped_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        if stamped_s > previous_s or index == 0:
            return max(stamped_s, 0.0)
        return previous_s + 1.0 / (self.fps or 30.0)

    def _check_complete(self, decoded: int) -> None:
        if decoded == 0:
            raise SourceError(f"video {self._path} has no picture that can be decoded; record or copy it again")
        declared = self.frame_count
        tolerance = max(_COUNT_TOLERANCE_FRAMES, _COUNT_TOLERANCE * (declared or 0))
        if self._missing is not None or (declared is not None and decoded < declared - tolerance):
            told = f"{decoded} of {declared} frames" if declared is not None else f"{decoded} frames"
            raise SourceError(
                f"video {self._path} is truncated or damaged: {told} could be decoded, and their results are kept;"
                " record or copy it again for the rest"
            )
