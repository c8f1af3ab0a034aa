# SPDX-License-Identifier: Apache-2.0
"""One run of a pipeline over its sources."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType

from edge.device import Device
from edge.errors import UsageError
from edge.pipeline.crew import Crew
from edge.pipeline.faults import raise_first, warn_of
from edge.pipeline.following import following_of
from edge.pipeline.freshness import Freshness
from edge.pipeline.lane import Lane
from edge.pipeline.latency import LatencyRecord
from edge.pipeline.summary import RunSummary
from edge.results import FrameResult
from edge.sinks.sink import Sink
from edge.sources.live import LiveSource
from edge.sources.source import Source
from edge.sources.status import SourceStatus
from edge.tracking.settings import TrackingSettings


class PipelineRun(Iterator[FrameResult]):
    """Results in the order of capture; threads work ahead, in bounded memory, as long as results are taken.

    Leaving the loop early, `close`, or dropping the iterator ends every thread; sinks still get every result that was
    delivered. An error in any thread ends the run: the results before it come out first, then it is raised. What goes
    wrong besides, or when nobody is there to catch it, is a `RuntimeWarning`. Raises `UsageError` for a source that
    another run has used.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        sources: Sequence[Source],
        *,
        sinks: Sequence[Sink] = (),
        max_frames: int | None = None,
        max_age_ms: float | None = None,
        tracking: TrackingSettings | None = None,
        device: Device,
        models: Mapping[str, str],
    ) -> None:
        for source in sources:
            if source.used:
                raise UsageError(f"source {source.name} was used by an earlier run; open it again for another one")
        for source in sources:
            source.used = True
        self.sources = tuple(sources)
        self._device = device
        self._models = models
        self._frames = 0
        self._latency = LatencyRecord()
        self._freshness = Freshness(max_age_ms if any(source.live for source in self.sources) else None)
        following = following_of(lanes, self.sources, tracking)
        self._crew = Crew(
            lanes, self.sources, sinks=sinks, max_frames=max_frames, following=following, freshness=self._freshness
        )
        # Runs when the iterator is dropped, and before the interpreter takes modules away from running threads.
        self._finalizer = weakref.finalize(self, _dismiss_unattended, self._crew)
        self._start_ns = self._latest_ns = time.monotonic_ns()

    def __iter__(self) -> PipelineRun:
        return self

    def __next__(self) -> FrameResult:
        if not self.alive:
            raise StopIteration
        try:
            finished = self._crew.conveyor.next_in_order()
            while finished is not None and self._freshness.drops(finished.frame):
                finished = self._crew.conveyor.next_in_order()
            if finished is not None:
                self._crew.put(finished)
        except BaseException as error:
            warn_of(other for other in self._dismiss(error) if other is not error)
            raise
        if finished is None:
            self.close()
            raise StopIteration
        self._latest_ns = time.monotonic_ns()
        self._frames += 1
        self._latency.add(finished.result.latency_ms["total"])
        return finished.result

    @property
    def alive(self) -> bool:
        """Whether threads of this run are still at work."""
        return self._finalizer.alive

    def stop(self) -> None:
        """Capture no more frames; those on their way still come out. Safe to call from a signal handler."""
        self._crew.stop()

    def exchange_sinks(
        self, leaving: Sequence[Sink], coming: Sequence[Sink], *, instead: Callable[[], Sequence[Sink]] = tuple
    ) -> None:
        """Close some sinks and open others while the run goes on, from any thread; results wait meanwhile.

        What goes wrong in one that leaves is a `RuntimeWarning`. Raises what `open` of one that comes raises; none of
        those stays then, and those that `instead` returns are opened.
        """
        self._crew.exchange_sinks(leaving, coming, instead=instead)

    def close(self) -> None:
        """End all threads and let the sinks finish. Raises what went wrong in a sink, the first time."""
        raise_first(self._dismiss())

    def summary(self) -> RunSummary:
        """Return what the run amounted to so far."""
        return RunSummary(
            frames=self._frames,
            elapsed_s=(self._latest_ns - self._start_ns) / 1e9,
            latency_ms=self._latency.percentiles_ms(),
            dropped={**self._dropped(), **self._freshness.dropped, **self._crew.dropped},
            device=self._crew.device(self._device),
            models=self._models,
            skipped=tuple(file for source in self.sources for file in source.skipped),
            sources=self.statuses(),
        )

    def statuses(self) -> tuple[SourceStatus, ...]:
        """Return how the live sources fare now; may be asked from any thread."""
        return tuple(source.status for source in self.sources if isinstance(source, LiveSource))

    def _dropped(self) -> dict[str, int]:
        if len(self.sources) == 1:
            return dict(self.sources[0].dropped)
        named = ((source.name, source.dropped) for source in self.sources)
        return {f"{name}: {cause}": count for name, dropped in named for cause, count in dropped.items()}

    def __enter__(self) -> PipelineRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            warn_of(self._dismiss(error))

    def _dismiss(self, because: BaseException | None = None) -> list[BaseException]:
        if because is not None and not isinstance(because, Exception):
            # Ctrl-C must not wait for the reader of a pipe.
            self._crew.stop()
        return [] if self._finalizer.detach() is None else self._crew.dismiss()


def _dismiss_unattended(crew: Crew) -> None:
    warn_of(crew.dismiss())
