# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.errors import CameraError, UsageError
from edge.sources import open_source
from edge.sources.live import LiveSource
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.supervision import SourceState
from tests.edge.sources.scripted_reader import wait_until


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
