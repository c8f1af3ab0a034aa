# SPDX-License-Identifier: Apache-2.0
"""A CSI camera, or whatever else GStreamer reads, as a live source."""

from __future__ import annotations

from edge.sources.camera import CAMERA_PATIENCE
from edge.sources.gst_chain import Chain
from edge.sources.live import LiveSource
from edge.sources.live_reader import LiveReader
from edge.sources.reconnect import Reconnect


def gst_from_uri(uri: str, *, reconnect: Reconnect | str = Reconnect.once_live) -> LiveSource:
    """Open `csi:N`, `gst:test` or `gst:file:PATH`, with options as `Chain` has them.

    Raises:
        UsageError: the name or an option is not well formed.
        DependencyError: GStreamer or one of its plugins is not installed.
        ReaderError: it does not start.
    """
    chain = Chain.from_uri(uri)

    def open_reader() -> LiveReader:
        from edge.sources.gst_reader import GstReader

        return GstReader(chain)

    return LiveSource(uri, open_reader, patience=CAMERA_PATIENCE, reconnect=reconnect)
