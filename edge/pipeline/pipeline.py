# SPDX-License-Identifier: Apache-2.0
"""`Pipeline`: models, ready to run over sources."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.frame import Frame
from edge.pipeline.following import require_rates
from edge.pipeline.opening import open_lanes
from edge.pipeline.run import PipelineRun
from edge.sinks.sink import Sink
from edge.sources.arrays import ArraySource
from edge.sources.open import open_source
from edge.sources.source import Source
from edge.tasks.task import Task
from edge.tracking.settings import TrackingSettings

if TYPE_CHECKING:
    from edge.gpu.backend import GpuBackend

DEFAULT_MODELS = ("hand-detector", "gesture-classifier", "hand-keypoints")
BGR_CHANNELS = 3
TRACKING = TrackingSettings()


class Pipeline:
    """Models in lanes: each thread takes whole frames through all models, with buffers of its own.

    `models` are names of shipped models, folders of bundles, or tasks: one that finds hands, and any that say more
    about them. A task stays its owner's: the pipeline works with siblings of it and closes those alone. `device` is
    "auto", "cpu", "gpu", or a GPU that was opened already. `threads` is the number of lanes, by default one a core, or
    three on a GPU. `min_score` replaces the threshold of a detector that is opened here;
    where a model opened here looks again at what it found, the score after that look counts. `tracking` says how hands
    are followed in videos and before cameras; None looks at each frame alone, as is done with pictures.

    Raises:
        UsageError: an option has a value that is not allowed, a model is unknown, or models do not go together.
        BundleError: a model cannot be loaded.
        DependencyError: the device is not there.
    """

    def __init__(
        self,
        models: Sequence[str | Path | Task] = DEFAULT_MODELS,
        *,
        device: str | GpuBackend = "auto",
        threads: int | None = None,
        min_score: float | None = None,
        tracking: TrackingSettings | None = TRACKING,
    ) -> None:
        _require_count("threads", threads)
        if min_score is not None and not 0 <= min_score <= 1:
            raise UsageError(f"min_score must lie within 0 and 1, got {min_score}")
        opened = open_lanes(models, device=device, threads=threads, min_score=min_score)
        self.device, self._lanes, self._shared = opened.device, opened.lanes, opened.shared
        self.models = {task.name: task.contract.version for task in self._lanes[0].tasks}
        self._tracking = tracking
        self._run: weakref.ref[PipelineRun] | None = None
        if tracking is not None:
            try:
                require_rates(tracking, self._lanes[0].tasks, on_gpu=self.device.name == "gpu")
            except UsageError:
                self.close()
                raise

    @property
    def threads(self) -> int:
        """Number of lanes."""
        return len(self._lanes)

    def run(
        self,
        source: str | Path | Source | Iterable[NDArray[np.uint8] | Frame],
        *,
        max_frames: int | None = None,
        max_age_ms: float | None = None,
        sinks: Sequence[Sink] = (),
    ) -> PipelineRun:
        """Start running over a source and return the iterator of its results; the run closes the source at its end.

        `source` is what `open_source` takes, a `Source`, or any iterable of BGR (H, W, 3) or grey (H, W) uint8 arrays,
        which are copied, or of frames, which are not. Results of a live source that are older than `max_age_ms` since
        the capture of their frame are dropped and counted.

        Raises:
            SourceError, OutputError, DependencyError: the source or a sink cannot be opened.
            UsageError: an argument is not what it should be, or an earlier run of this pipeline has not ended.
        """
        return self._started([source], max_frames=max_frames, max_age_ms=max_age_ms, sinks=sinks)

    def run_all(
        self,
        sources: Sequence[str | Path | Source],
        *,
        max_frames: int | None = None,
        max_age_ms: float | None = None,
        sinks: Sequence[Sink] = (),
    ) -> PipelineRun:
        """Start running over several sources at the same time, which share the lanes fairly; otherwise as `run`.

        Results come in the order of capture and carry the name of their source, its own `frame` and `time_s`.
        `max_frames` is that of each source. The run ends when all sources ended, or at the first error.

        Raises:
            UsageError: also where two sources have the same name, or a sink takes one source only.
        """
        if isinstance(sources, (str, Path, Source)) or not sources:
            raise UsageError(f"run_all takes a list of sources, got {sources!r}; write run_all([source, source])")
        return self._started(sources, max_frames=max_frames, max_age_ms=max_age_ms, sinks=sinks)

    def _started(
        self,
        sources: Sequence[str | Path | Source | Iterable[NDArray[np.uint8] | Frame]],
        *,
        max_frames: int | None,
        max_age_ms: float | None,
        sinks: Sequence[Sink],
    ) -> PipelineRun:
        if not self._lanes:
            raise UsageError("this pipeline is closed; make another one")
        if self._current_run() is not None:
            raise UsageError("this pipeline is running already; end that run first, or make another pipeline")
        if any(lane.busy for lane in self._lanes):
            raise UsageError("a model is still at work on a frame of an earlier run; wait, or make another pipeline")
        _require_count("max_frames", max_frames)
        if max_age_ms is not None and not max_age_ms > 0:
            raise UsageError(f"max_age_ms must be above 0, got {max_age_ms}")
        _require_sinks(sinks)
        with ExitStack() as opened:
            run = PipelineRun(
                self._lanes,
                _opened(sources, opened),
                sinks=sinks,
                max_frames=max_frames,
                max_age_ms=max_age_ms,
                tracking=self._tracking,
                device=self.device,
                models=self.models,
            )
            opened.pop_all()
        self._run = weakref.ref(run)
        return run

    def close(self) -> None:
        """End the run, if one is going on, and release the models; closing twice is allowed.

        Raises what went wrong in a sink of that run.
        """
        self.__exit__(None, None, None)

    def _current_run(self) -> PipelineRun | None:
        run = None if self._run is None else self._run()
        return run if run is not None and run.alive else None

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run = self._current_run()
        with ExitStack() as stack:
            stack.push(self._shared.pop_all())
            while self._lanes:
                stack.callback(self._lanes.pop().close)
            if run is not None:
                run.__exit__(kind, error, trace)


def _opened(
    sources: Sequence[str | Path | Source | Iterable[NDArray[np.uint8] | Frame]], until: ExitStack
) -> list[Source]:
    """Return sources; those that are opened here are closed with `until`."""
    opened = []
    for given in sources:
        source = source_from(given)
        if source is not given:
            until.callback(source.close)
        opened.append(source)
    names = [source.name for source in opened]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"results tell sources apart by their names, and {min(twice)} is there twice; name it once")
    return opened


def source_from(source: str | Path | Source | Iterable[NDArray[np.uint8] | Frame]) -> Source:
    """Return the source that a path, a name, or an iterable of arrays stands for.

    Raises:
        SourceError, UsageError: as `open_source`.
        UsageError: it is one picture, or nothing of these.
    """
    if isinstance(source, Frame) or (isinstance(source, np.ndarray) and _is_one_picture(source.shape)):
        given = source if isinstance(source, Frame) else f"one picture {source.shape}"
        raise UsageError(f"source must be a sequence of pictures, got {given}; write run([picture])")
    if isinstance(source, Source):
        return source
    if isinstance(source, (str, Path)):
        return open_source(source)
    if isinstance(source, Iterable):
        return ArraySource(source)
    raise UsageError(f"source must be a path, a name, a Source or an iterable of arrays, got {type(source).__name__}")


def _is_one_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == BGR_CHANNELS)


def _require_count(name: str, count: int | None) -> None:
    if count is None:
        return
    if not isinstance(count, (int, np.integer)):
        raise UsageError(f"{name} must be a whole number, got {count!r}")
    if count < 1:
        raise UsageError(f"{name} must be at least 1, got {count}")


def _require_sinks(sinks: object) -> None:
    if not isinstance(sinks, Sequence) or not all(isinstance(sink, Sink) for sink in sinks):
        raise UsageError(
            f"sinks must be a sequence of edge.Sink, got {sinks!r}; write for example"
            " sinks=[edge.JsonLinesSink('hands.jsonl')]"
        )
