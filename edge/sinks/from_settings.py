# SPDX-License-Identifier: Apache-2.0
"""From the settings of a sink to the sink; each brings what it needs when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.config.sink_settings import (
    JsonLinesSettings,
    MetricsSettings,
    MqttSettings,
    SinkSettings,
    VideoSettings,
    WebhookSettings,
)
from edge.sinks.sink import Sink


@dataclass(frozen=True, slots=True)
class SinkContext:
    """What sinks need of the run that they are made for.

    Attributes:
        masks: whether run lengths go into JSON lines.
        goes_on: whether what is in a file already stays: lines go on behind it, a video goes into another.
        on_quit: called when a user closes a window.
        tell: takes a line of what is wrong, or well again.
        losses: tells what sinks lost, by their kind.
    """

    masks: bool
    goes_on: bool
    on_quit: Callable[[], None]
    tell: Callable[[str], None]
    losses: Callable[[], Mapping[str, int]]


def sink_from_settings(settings: SinkSettings, context: SinkContext) -> Sink:
    """Return the sink."""
    if isinstance(settings, JsonLinesSettings):
        return _json_lines(settings, context)
    if isinstance(settings, VideoSettings):
        from edge.sinks.encoded_video import video_sink

        return video_sink(settings.path, keeps=context.goes_on)
    if isinstance(settings, MqttSettings):
        from edge.sinks.mqtt import MqttSink

        return MqttSink(settings, tell=context.tell)
    if isinstance(settings, MetricsSettings):
        from edge.sinks.metrics import MetricsSink

        return MetricsSink(settings, losses=context.losses)
    if isinstance(settings, WebhookSettings):
        from edge.sinks.webhook import WebhookSink

        return WebhookSink(settings, tell=context.tell)
    from edge.sinks.window import WindowSink

    return WindowSink(on_quit=context.on_quit)


def _json_lines(settings: JsonLinesSettings, context: SinkContext) -> Sink:
    if not settings.rotates:
        from edge.sinks.json_lines import JsonLinesSink

        return JsonLinesSink(settings.path, masks=context.masks, appends=context.goes_on)
    from edge.sinks.rotating_lines import RotatingLinesSink

    return RotatingLinesSink(
        settings.path,
        masks=context.masks,
        max_bytes=settings.max_bytes,
        max_age_s=settings.max_age_s,
        keep=settings.keep,
        tell=context.tell,
    )
