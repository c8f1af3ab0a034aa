# SPDX-License-Identifier: Apache-2.0
"""`CurrentRun`: the run that goes on now, and its end from another thread."""

from __future__ import annotations

from dataclasses import dataclass

from edge.pipeline.run import PipelineRun
from edge.service.feed import FeedSource
from edge.service.job import Session


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """A run over the feed of a session."""

    run: PipelineRun
    source: FeedSource
    session: Session

    def end(self) -> None:
        """Let it end after the frames that are on their way; may be called again and again."""
        self.run.stop()
        self.source.close()
