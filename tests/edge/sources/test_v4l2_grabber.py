# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import CameraError
from edge.sources import v4l2_grabber
from edge.sources.v4l2 import Holder
from edge.sources.v4l2_grabber import V4l2Grabber

DEVICE = Path("/dev/video0")


class ScriptedCapture:
    """Stands for OpenCV's capture of a camera."""

    def __init__(self, *, opened: bool = True, grabs: bool = True) -> None:
        self.opened, self.grabs = opened, grabs
        self.released = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opened

    def grab(self) -> bool:
        return self.grabs

    def set(self, _: int, __: float) -> bool:
        return True

    def get(self, _: int) -> float:
        return 30.0

    def read(self) -> tuple[bool, object]:
        return True, np.zeros((4, 4, 3), np.uint8)

    def release(self) -> None:
        self.released += 1


class ScriptedLock:
    """Counts how many locks are held."""

    held = 0

    def __init__(self, _: Path) -> None:
        type(self).held += 1

    def close(self) -> None:
        type(self).held -= 1


@pytest.fixture(autouse=True)
def lock(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedLock]:
    monkeypatch.setattr(ScriptedLock, "held", 0)
    monkeypatch.setattr(v4l2_grabber, "CameraLock", ScriptedLock)
    monkeypatch.setattr(v4l2_grabber, "holders", lambda _: [])
    return ScriptedLock


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedCapture], V4l2Grabber]:
    def open_grabber(capture: ScriptedCapture) -> V4l2Grabber:
        monkeypatch.setattr(cv2, "VideoCapture", lambda *_: capture)
        return V4l2Grabber(DEVICE, width_px=640, height_px=480, fps=30.0)

    return open_grabber


@pytest.mark.parametrize(
    ("capture", "told"),
    [
        (ScriptedCapture(opened=False, grabs=False), "no format that OpenCV can read.*CSI camera.*GStreamer"),
        (ScriptedCapture(grabs=False), "opened but delivers no frame; check its cable and power"),
    ],
)
def test_camera_that_delivers_nothing_is_told_why_and_let_go(
    opening: Callable[[ScriptedCapture], V4l2Grabber], lock: type[ScriptedLock], capture: ScriptedCapture, told: str
) -> None:
    with pytest.raises(CameraError, match=f"camera {DEVICE} .*{told}"):
        opening(capture)
    assert (lock.held, capture.released) == (0, 1)


def test_camera_that_another_process_streams_from_is_busy(
    opening: Callable[[ScriptedCapture], V4l2Grabber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(v4l2_grabber, "holders", lambda _: [Holder(7, "cheese")])
    with pytest.raises(CameraError, match="is busy"):
        opening(ScriptedCapture(opened=False, grabs=False))


def test_camera_is_let_go_when_opencv_raises(monkeypatch: pytest.MonkeyPatch, lock: type[ScriptedLock]) -> None:
    def fail(*_: object) -> None:
        raise cv2.error("no memory")

    monkeypatch.setattr(cv2, "VideoCapture", fail)
    with pytest.raises(cv2.error, match="no memory"):
        V4l2Grabber(DEVICE, width_px=640, height_px=480, fps=30.0)
    assert lock.held == 0


def test_open_camera_is_held_until_it_is_closed(
    opening: Callable[[ScriptedCapture], V4l2Grabber], lock: type[ScriptedLock]
) -> None:
    capture = ScriptedCapture()
    grabber = opening(capture)
    assert (grabber.fps, lock.held, capture.released) == (30.0, 1, 0)
    assert grabber.read() is not None
    grabber.close()
    grabber.close()
    assert (lock.held, capture.released) == (0, 1)
