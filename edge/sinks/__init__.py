# SPDX-License-Identifier: Apache-2.0
"""Where results go: one file per kind of receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.sinks.json_lines import JsonLinesSink
from edge.sinks.sink import Sink

if TYPE_CHECKING:
    from edge.sinks.mask_folder import MaskFolderSink
    from edge.sinks.video import VideoSink
    from edge.sinks.window import WindowSink

__all__ = ["JsonLinesSink", "MaskFolderSink", "Sink", "VideoSink", "WindowSink"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name == "MaskFolderSink":
        from edge.sinks.mask_folder import MaskFolderSink

        return MaskFolderSink
    if name == "VideoSink":
        from edge.sinks.video import VideoSink

        return VideoSink
    if name == "WindowSink":
        from edge.sinks.window import WindowSink

        return WindowSink
    raise AttributeError(f"module 'edge.sinks' has no attribute {name!r}")
