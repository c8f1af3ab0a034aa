# SPDX-License-Identifier: Apache-2.0
"""A V4L2 camera as a live source."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Protocol

from edge.errors import CameraError, UsageError
from edge.frame import PixelFormat, Pixels
from edge.sources.live import LiveSource
from edge.sources.live_reader import Capture, FaultReason, LiveReader, ReaderError
from edge.sources.query import NumberOption, query_values
from edge.sources.reconnect import Reconnect
from edge.sources.supervision import Patience

# A USB camera that is opened again within a second may fall off its bus once more.
CAMERA_PATIENCE = Patience(first_frame_s=5.0, stall_s=2.0, backoff_s=(1.0, 2.0, 5.0))

_OPTIONS = {
    "width": NumberOption(16, 16384),
    "height": NumberOption(16, 16384),
    "fps": NumberOption(1, 1000, whole=False),
}

_REASONS = {
    FileNotFoundError: FaultReason.not_found,
    PermissionError: FaultReason.permission,
    BlockingIOError: FaultReason.busy,
}


class Grabber(Protocol):
    """A device that blocks until its next picture."""

    fps: float | None

    def read(self) -> Pixels | None:
        """The next picture, (H, W, 3) uint8 BGR; None when the device stopped."""

    def close(self) -> None:
        """Let go of the device."""


class GrabberReader:
    """Reads a camera through a `Grabber`, which has a time limit of its own."""

    def __init__(self, grabber: Grabber, device: Path) -> None:
        self.fps = grabber.fps
        self._grabber, self._device = grabber, device
        self._using = threading.Lock()
        self._closing = False

    def read(self, timeout_s: float) -> Capture:  # noqa: ARG002 - the grabber's own limit holds
        """Return the next picture. Raises `ReaderError`."""
        with self._using:
            pixels = None if self._closing else self._grabber.read()
        if pixels is None:
            told = f"camera {self._device} stopped delivering frames; check its cable and power"
            raise ReaderError(told, reason=FaultReason.timeout if self._device.exists() else FaultReason.removed)
        return Capture(pixels, PixelFormat.BGR, time.monotonic_ns())

    def close(self) -> None:
        """Release the camera; during a read it is left to the reading thread, for OpenCV is not made for that."""
        self._closing = True
        if self._using.acquire(blocking=False):
            self._grabber.close()
            self._using.release()


def camera_from_uri(uri: str, *, reconnect: Reconnect | str = Reconnect.once_live) -> LiveSource:
    """Open `v4l2:/dev/videoN[?width=&height=&fps=]`; the camera chooses the nearest mode it has.

    Raises:
        UsageError: the device or an option is not well formed.
        ReaderError: the camera is absent, busy or does not open.
    """
    device = Path(uri.partition(":")[2].partition("?")[0])
    if not device.is_absolute():
        raise UsageError(f"source {uri!r} must name a device as v4l2:/dev/videoN")
    values = query_values(uri, _OPTIONS)

    def open_reader() -> LiveReader:
        from edge.sources.v4l2_grabber import V4l2Grabber

        try:
            grabber = V4l2Grabber(
                device,
                width_px=int(values.get("width", 1280)),
                height_px=int(values.get("height", 720)),
                fps=values.get("fps", 30.0),
            )
        except CameraError as error:
            reason = _REASONS.get(type(error.__cause__), FaultReason.connection)  # type: ignore[arg-type]
            raise ReaderError(str(error), reason=reason) from error
        return GrabberReader(grabber, device)

    return LiveSource(uri, open_reader, patience=CAMERA_PATIENCE, reconnect=reconnect)
