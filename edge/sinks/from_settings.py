# SPDX-License-Identifier: Apache-2.0
"""From the settings of a sink to the sink; each brings what it needs when it is made."""

from __future__ import annotations

from collections.abc import Callable

from edge.config import Config
from edge.config.sink_settings import JsonLinesSettings, SinkSettings, VideoSettings, WindowSettings
from edge.errors import UsageError
from edge.sinks.sink import Sink


def sink_from_settings(settings: SinkSettings, *, masks: bool, goes_on: bool, on_quit: Callable[[], None]) -> Sink:
    """Return the sink.

    `masks` puts run lengths into JSON lines, `goes_on` lets them stand behind what is in the file already, and
    `on_quit` is called when a user closes a window.
    """
    if isinstance(settings, JsonLinesSettings):
        from edge.sinks.json_lines import JsonLinesSink

        return JsonLinesSink(settings.path, masks=masks, appends=goes_on)
    if isinstance(settings, VideoSettings):
        from edge.sinks.video import VideoSink

        return VideoSink(settings.path)
    if isinstance(settings, WindowSettings):
        from edge.sinks.window import WindowSink

        return WindowSink(on_quit=on_quit)
    raise UsageError(f"there is no sink of type {settings.type}")


def mask_sinks(config: Config) -> list[Sink]:
    """Return the sink that writes masks as pictures, where they are asked for."""
    if config.mask is None or config.run_lengths:
        return []
    from edge.sinks.mask_folder import MaskFolderSink

    return [MaskFolderSink(config.mask)]
