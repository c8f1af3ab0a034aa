# SPDX-License-Identifier: Apache-2.0
"""`ServiceJob`: what a configuration asks of the service, and `Session`, all of it opened."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from edge.pipeline.pipeline import Pipeline
from edge.service.feed import Feed
from edge.service.heartbeat import HeartbeatSource
from edge.service.kept_sink import KeptSink
from edge.service.settings import ServiceSettings
from edge.sinks.sink import Sink
from edge.sources.source import Source

if TYPE_CHECKING:
    from typing_extensions import Self

    from edge.pipeline.run import PipelineRun
    from edge.pipeline.summary import RunSummary


@dataclass(frozen=True, slots=True)
class ServiceJob:
    """How to open what a configuration names; `open_pipeline` takes the name of a device, `device` is the wanted one.

    All three raise `EdgeError`.
    """

    open_sources: Callable[[], Sequence[Source]]
    open_pipeline: Callable[[str], Pipeline]
    open_sinks: Callable[[], Sequence[Sink]]
    device: str
    settings: ServiceSettings
    max_age_ms: float | None = None


class Session:
    """A job with its sources, its sinks and a pipeline on the processor, which another may take the place of.

    `dropped` counts the frames that sinks lost in runs that are over, by sink; `answered_s` is when the models answered
    last, on the monotonic clock, and kept by who takes the results.
    Raises what the job raises.
    """

    def __init__(self, job: ServiceJob, *, idle_s: float) -> None:
        self.job, self.idle_s = job, idle_s
        self.answered_s = time.monotonic()
        self.dropped: Counter[str] = Counter()
        with ExitStack() as opened:
            self.pipeline = job.open_pipeline("cpu")
            self.lanes = self.pipeline.threads
            opened.callback(self._close_pipeline)
            self.feeds = [opened.enter_context(Feed(source)) for source in job.open_sources()]
            self.sinks = [KeptSink(sink) for sink in job.open_sinks()]
            self._opened = opened.pop_all()

    @property
    def is_over(self) -> bool:
        """Whether all sources have ended."""
        return all(feed.is_over for feed in self.feeds)

    def start(self) -> PipelineRun:
        """Start the next run, with heartbeats where the models had nothing to answer for `idle_s`."""
        sources: list[Source] = [feed.open() for feed in self.feeds]
        heartbeat = HeartbeatSource(
            idle_s=self.idle_s,
            live=any(source.live for source in sources),
            answered_s=lambda: self.answered_s,
            is_over=lambda: self.is_over,
        )
        job = self.job
        return self.pipeline.run_all([*sources, heartbeat], max_age_ms=job.max_age_ms, sinks=self.sinks)

    def ended(self, summary: RunSummary) -> None:
        """Keep what a run that is over counted."""
        self.dropped.update(dropped_by_sinks(self.sinks, summary.dropped))

    def adopt(self, pipeline: Pipeline) -> None:
        """Use another pipeline from the next run on."""
        before, self.pipeline, self.lanes = self.pipeline, pipeline, pipeline.threads
        before.close()

    def close(self) -> None:
        """Close everything. Raises what went wrong in a sink or in the source."""
        with ExitStack() as stack:
            stack.push(self._opened.pop_all())
            for sink in self.sinks:
                stack.callback(sink.finish)

    def _close_pipeline(self) -> None:
        self.pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def dropped_by_sinks(sinks: Sequence[Sink], dropped: Mapping[str, int]) -> dict[str, int]:
    """Return how many frames each sink lost, by its name, of what a run's summary says."""
    return {sink.name: dropped.get(f"{sink.name} was too slow", 0) for sink in sinks}
