# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.errors import CameraError, UsageError
from edge.sources import open_source


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
