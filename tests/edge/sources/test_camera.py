# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import CameraError, UsageError
from edge.frame import Pixels
from edge.sources import open_source
from edge.sources.camera import GrabberReader
from edge.sources.live import LiveSource
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.supervision import SourceState
from tests.edge.sources.scripted_reader import wait_until


class ScriptedGrabber:
    """Gives pictures until the device stops; stands for OpenCV with V4L2 hardware."""

    fps: float | None = 30.0

    def __init__(self, *, pictures: int) -> None:
        self.left, self.closed = pictures, False

    def read(self) -> Pixels | None:
        """Return a picture, or None."""
        self.left -= 1
        return np.zeros((4, 4, 3), np.uint8) if self.left >= 0 else None

    def close(self) -> None:
        """Note it."""
        self.closed = True


@pytest.mark.parametrize(("device", "reason"), [("/dev/null", FaultReason.timeout), ("/dev/nix", FaultReason.removed)])
def test_camera_that_stops_says_why(device: str, reason: FaultReason) -> None:
    grabber = ScriptedGrabber(pictures=2)
    reader = GrabberReader(grabber, Path(device))
    times_ns = [reader.read(1).time_ns for _ in range(2)]
    assert times_ns == sorted(times_ns)
    with pytest.raises(ReaderError, match="stopped delivering frames") as caught:
        reader.read(1)
    assert caught.value.reason is reason
    reader.close()
    assert grabber.closed


@pytest.mark.parametrize("uri", ["v4l2:", "v4l2:video0", "v4l2:/dev/video0?widht=640", "v4l2:/dev/video0?fps=0"])
def test_wrong_camera_name_is_a_usage_error(uri: str) -> None:
    with pytest.raises(UsageError):
        open_source(uri)


def test_absent_camera_says_what_there_is() -> None:
    with pytest.raises(CameraError, match=r"camera /dev/video987 is absent; .*(cameras of this machine|test:hands)"):
        open_source("v4l2:/dev/video987")


def test_device_that_is_no_camera_is_told() -> None:
    with pytest.raises(CameraError, match="/dev/zero is not a camera"):
        open_source("/dev/zero")


def test_absent_camera_has_a_reason_and_may_be_waited_for() -> None:
    with pytest.raises(ReaderError) as caught:
        open_source("v4l2:/dev/video987")
    assert caught.value.reason is FaultReason.not_found
    with open_source("v4l2:/dev/video987", reconnect="always") as camera:
        assert isinstance(camera, LiveSource)
        wait_until(lambda: camera.status.state is SourceState.absent)


def test_unknown_way_to_reconnect_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="reconnect must be one of never, once_live, always, got 'maybe'"):
        open_source("v4l2:/dev/video987", reconnect="maybe")
