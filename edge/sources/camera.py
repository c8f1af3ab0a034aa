# SPDX-License-Identifier: Apache-2.0
"""A V4L2 camera as a live source."""

from __future__ import annotations

from edge.sources.live import LiveSource
from edge.sources.live_reader import LiveReader
from edge.sources.reconnect import Reconnect
from edge.sources.supervision import Patience
from edge.sources.v4l2_settings import V4l2Settings

# A USB camera that is opened again within a second may fall off its bus once more.
CAMERA_PATIENCE = Patience(first_frame_s=5.0, stall_s=2.0, backoff_s=(1.0, 2.0, 5.0))


def camera_from_uri(uri: str, *, reconnect: Reconnect | str = Reconnect.once_live) -> LiveSource:
    """Open `v4l2:/dev/videoN`, or a link to it, with options as `V4l2Settings` has them.

    Raises:
        UsageError: the device or an option is not well formed.
        ReaderError: the camera is absent, busy or does not open.
    """
    settings = V4l2Settings.from_uri(uri)

    def open_reader() -> LiveReader:
        from edge.sources.v4l2_reader import V4l2Reader

        return V4l2Reader(settings)

    return LiveSource(uri, open_reader, patience=CAMERA_PATIENCE, reconnect=reconnect)
