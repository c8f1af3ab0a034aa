# SPDX-License-Identifier: Apache-2.0
"""Pictures of a V4L2 camera through OpenCV."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import cv2

from edge.errors import CameraError
from edge.frame import Pixels
from edge.sources.v4l2 import CameraLock, busy_error, holders

# OpenCV reads this once, at its first read from any camera; its own default is 10 s.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")


class V4l2Grabber:
    """One camera, opened for this process alone.

    Raises:
        CameraError: the camera is absent or busy, has no format that OpenCV reads, or delivers nothing.
    """

    def __init__(self, device: Path, *, width_px: int, height_px: int, fps: float) -> None:
        with ExitStack() as opened:
            opened.callback(CameraLock(device).close)
            self._capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
            opened.callback(self._capture.release)
            if self._capture.isOpened():
                self._ask_for(width_px, height_px, fps)
            if not self._capture.grab():
                raise self._fault(device)
            rate = self._capture.get(cv2.CAP_PROP_FPS)
            self.fps: float | None = rate if rate > 0 else None
            self._opened = opened.pop_all()

    def read(self) -> Pixels | None:
        """The next picture, (H, W, 3) uint8 BGR; None when the camera stopped."""
        ok, pixels = self._capture.read()
        return pixels if ok else None  # type: ignore[return-value]

    def close(self) -> None:
        """Release the camera."""
        self._opened.close()

    def _ask_for(self, width_px: int, height_px: int, fps: float) -> None:
        # USB 2 carries uncompressed 720p at about 10 frames a second only.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width_px)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height_px)
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)

    def _fault(self, device: Path) -> CameraError:
        if holders(device):
            return busy_error(device)
        if self._capture.isOpened():
            return CameraError(f"camera {device} opened but delivers no frame; check its cable and power")
        return CameraError(
            f"camera {device} has no format that OpenCV can read, as a CSI camera that delivers raw Bayer pictures and"
            " needs GStreamer, which is not built in; use a USB camera"
        )
