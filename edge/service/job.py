# SPDX-License-Identifier: Apache-2.0
"""`ServiceJob`: what a configuration asks of the service, and `Session`, all of it opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from edge.pipeline.pipeline import Pipeline
from edge.service.feed import Feed, FeedSource
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

    open_source: Callable[[], Source]
    open_pipeline: Callable[[str], Pipeline]
    open_sinks: Callable[[], Sequence[Sink]]
    device: str
    settings: ServiceSettings


class Session:
    """A job with its source, its sinks and a pipeline on the processor, which another may take the place of.

    `dropped` counts the frames that sinks lost in runs that are over, by cause.
    Raises what the job raises.
    """

    def __init__(self, job: ServiceJob, *, idle_s: float) -> None:
        self.job = job
        self.dropped: Counter[str] = Counter()
        with ExitStack() as opened:
            self.pipeline = job.open_pipeline("cpu")
            self.lanes = self.pipeline.threads
            opened.callback(self._close_pipeline)
            self.feed = opened.enter_context(Feed(job.open_source(), idle_s=idle_s))
            self.sinks = [KeptSink(sink) for sink in job.open_sinks()]
            self._opened = opened.pop_all()

    def start(self) -> tuple[PipelineRun, FeedSource]:
        """Start the next run; return it with the source that ends it when closed."""
        source = self.feed.open()
        return self.pipeline.run(source, sinks=self.sinks), source

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
