# SPDX-License-Identifier: Apache-2.0
"""`Config`: everything that a run or a service can be told."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.config.sink_settings import JsonLinesSettings, SinkSettings, SinkSettingsOf
from edge.config.source_settings import NAME_PATTERN, SourceSettings
from edge.service.settings import ServiceSettings
from edge.strict_model import StrictModel
from edge.tracking.settings import TrackingSettings

RUN_LENGTHS = "rle"
MOST_THREADS = 64
"""More frames at the same time than any processor works on; each takes memory."""

MOST_FRAMES = 10**9

MOST_SOURCES = MOST_SINKS = 32


class Config(StrictModel):
    """Everything that a run or a service can be told.

    Attributes:
        sources: what to look at.
        reconnect: when a camera or stream that failed is opened again.
        models: names of shipped models or folders of bundles; empty for hand-detector, gesture-classifier and
            hand-keypoints.
        device: processor that runs the models.
        threads: frames worked on at the same time; null for one a core, or three on a GPU.
        min_score: least score of a hand, 0 to 1; null for the detector's own.
        max_frames: end after so many frames of each source; null for never.
        max_age_ms: drop results of live sources that are older; null for none.
        tracking: how hands are followed from frame to frame; null for not at all.
        mask: folder for the masks' pictures, or `rle` for run lengths in JSON lines.
        summary: what is printed at the end.
        sinks: where results go.
        service: how `edge-service` is watched and limited.
    """

    sources: Annotated[tuple[SourceSettings, ...], Field(max_length=MOST_SOURCES, description="What to look at.")] = ()
    reconnect: Annotated[
        Literal["never", "once_live", "always"],
        Field(description="When a camera or stream that failed is opened again: once_live, if it ever delivered."),
    ] = "once_live"
    models: Annotated[
        tuple[str, ...],
        Field(
            description="Names of shipped models or folders of bundles; empty for hand-detector, gesture-classifier and"
            " hand-keypoints."
        ),
    ] = ()
    device: Annotated[Literal["auto", "cpu", "gpu"], Field(description="Processor that runs the models.")] = "auto"
    threads: Annotated[
        int | None,
        Field(ge=1, le=MOST_THREADS, description="Frames in work at once; null for one a core, or three on a GPU."),
    ] = None
    min_score: Annotated[
        float | None, Field(ge=0, le=1, description="Least score of a hand; null for the detector's own.")
    ] = None
    max_frames: Annotated[
        int | None, Field(ge=1, le=MOST_FRAMES, description="End after so many frames of each source; null for never.")
    ] = None
    max_age_ms: Annotated[
        float | None, Field(gt=0, description="Drop results of live sources that are older; null for none.")
    ] = None
    tracking: Annotated[
        TrackingSettings | None, Field(description="How hands are followed from frame to frame; null for not at all.")
    ] = TrackingSettings()
    mask: Annotated[
        Path | None, Field(description="Folder for the masks' pictures, or rle for run lengths in JSON lines.")
    ] = None
    summary: Annotated[Literal["text", "json"], Field(description="How the summary at the end is printed.")] = "text"
    sinks: Annotated[tuple[SinkSettings, ...], Field(max_length=MOST_SINKS, description="Where results go.")] = ()
    service: Annotated[ServiceSettings, Field(description="How edge-service is watched and limited.")] = (
        ServiceSettings()
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Config:
        names = Counter(source.name or source.uri for source in self.sources)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            from edge.sources.credentials import redacted

            raise ValueError(f"two sources are called {redacted(twice[0])!r}; give each a name of its own")
        return self

    @model_validator(mode="after")
    def _labels_differ(self) -> Config:
        unnamed = [source for source in self.sources if not re.match(NAME_PATTERN, source.name or source.uri)]
        labelling = [sink.type for sink in self.sinks if sink.type in {"mqtt", "metrics", "webhook"}]
        if len(unnamed) > 1 and labelling:
            raise ValueError(f"{labelling[0]} tells sources apart by their names alone; give each source a name:")
        return self

    @model_validator(mode="after")
    def _masks_have_a_place(self) -> Config:
        if self.run_lengths and not self.sinks_of(JsonLinesSettings):
            raise ValueError(f"mask: {RUN_LENGTHS} goes into JSON lines; add a sink of type jsonl")
        return self

    @property
    def run_lengths(self) -> bool:
        """Whether masks go into the lines of JSON."""
        return str(self.mask) == RUN_LENGTHS

    @property
    def lines_on_standard_output(self) -> bool:
        """Whether results go where the summary would."""
        return any(sink.on_standard_output for sink in self.sinks_of(JsonLinesSettings))

    def sinks_of(self, kind: type[SinkSettingsOf]) -> list[SinkSettingsOf]:
        """Return the settings of the sinks of one kind."""
        return [sink for sink in self.sinks if isinstance(sink, kind)]
