# SPDX-License-Identifier: Apache-2.0
"""What is measured: a pipeline, or a model by itself, each an iterator of times by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, Protocol

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.bundle.precision import Precision
from edge.bundle.zoo import find_bundle
from edge.device import Device, DeviceName
from edge.errors import SourceError, UsageError
from edge.frame import Frame
from edge.pipeline.models import tasks_from_models
from edge.pipeline.pipeline import DEFAULT_MODELS, Pipeline
from edge.pipeline.run import PipelineRun
from edge.results import Hands
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.runners.opening import open_runner
from edge.sources.source import Source
from edge.tasks.loading import task_from_runner

_WAITING = ("capture", "queue", "total")


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame that is through: its number, how many hands were on it, and milliseconds by stage of work."""

    index: int
    hands: int
    stages_ms: Mapping[str, float]


class Showing(Protocol):
    """A subject at work on a source."""

    def __iter__(self) -> Iterator[Shown]:
        """Yield frames as they come through, in order."""
        ...

    def stop(self) -> None:
        """Fetch no more frames."""

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames lost, by cause."""
        ...


class Subject(Protocol):
    """Something that frames go through."""

    name: str
    kind: Literal["pipeline", "model"]
    models: Mapping[str, str]
    device: Device
    threads: int

    def start(self, source: Source) -> Showing:
        """Begin work on a source."""
        ...

    def close(self) -> None:
        """Let go of the models."""


class PipelineSubject:
    """The whole pipeline, as `edge-run` runs it."""

    kind: Literal["pipeline", "model"] = "pipeline"

    def __init__(self, models: Sequence[str] = DEFAULT_MODELS, *, device: str, threads: int | None) -> None:
        self._pipeline = Pipeline(models, device=device, threads=threads)
        self.name = "pipeline"
        self.models: Mapping[str, str] = self._pipeline.models
        self.device, self.threads = self._pipeline.device, self._pipeline.threads

    def start(self, source: Source) -> Showing:
        """Begin a run."""
        return _PipelineShowing(self._pipeline.run(source))

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()


class _PipelineShowing:
    def __init__(self, run: PipelineRun) -> None:
        self._run = run
        self.stop = run.stop

    def __iter__(self) -> Iterator[Shown]:
        with closing(self._run):
            for result in self._run:
                stages = {name: ms for name, ms in result.latency_ms.items() if name not in _WAITING}
                yield Shown(result.frame, len(result.hands), stages)

    @property
    def dropped(self) -> Mapping[str, int]:
        return self._run.summary().dropped


class ModelSubject:
    """One model, frame by frame on the calling thread; `threads` are those of one inference.

    A model that says more about hands gets `hands`, of each frame those that were found on it beforehand.
    """

    kind: Literal["pipeline", "model"] = "model"

    def __init__(
        self,
        bundle: Bundle,
        precision: Precision,
        frames: Sequence[Frame],
        hands: Sequence[Hands],
        *,
        device: str,
        threads: int | None,
    ) -> None:
        self.name, self.threads = bundle.manifest.name, threads or 1
        self.models: Mapping[str, str] = {self.name: bundle.manifest.version}
        on_gpu = device == DeviceName.gpu
        if on_gpu and precision != "fp32":
            raise UsageError(f"a GPU runs bundles at fp32 here, got {precision}; leave --precision out or use the cpu")
        self.device = Device("gpu" if on_gpu else "cpu", "asked for" if device != "auto" else "a model by itself")
        runner = (
            open_runner(bundle, device=device)
            if on_gpu
            else OnnxRuntimeRunner.from_bundle(bundle, precision=precision, threads=self.threads)
        )
        self._task = task_from_runner(bundle.manifest, runner)
        self._hands = {id(frame.pixels): found for frame, found in zip(frames, hands, strict=True)}

    def start(self, source: Source) -> Showing:
        """Begin with the source's first frame."""
        return _ModelShowing(self, source)

    def close(self) -> None:
        """Close the model."""
        self._task.close()

    def show(self, frame: Frame) -> Shown:
        """Take one frame through the model."""
        given = self._hands[id(frame.pixels)]
        edges_ns = [time.monotonic_ns()]
        self._task.prepare(frame, given)
        edges_ns.append(time.monotonic_ns())
        self._task.infer()
        edges_ns.append(time.monotonic_ns())
        hands = self._task.decode()
        edges_ns.append(time.monotonic_ns())
        stages = ("preprocess", "infer", "decode")
        times_ms = {name: (end - begin) / 1e6 for name, begin, end in zip(stages, edges_ns, edges_ns[1:], strict=False)}
        return Shown(frame.index, len(hands), times_ms)


class _ModelShowing:
    def __init__(self, subject: ModelSubject, source: Source) -> None:
        self._subject, self._source = subject, source
        self.stop = source.close

    def __iter__(self) -> Iterator[Shown]:
        return map(self._subject.show, self._source.frames())

    @property
    def dropped(self) -> Mapping[str, int]:
        return self._source.dropped


def bundles_from_name(name_or_path: str, precision: str) -> list[tuple[Bundle, Precision]]:
    """Return a bundle with the precision that is asked for, or with each that it has for "all".

    Raises `UsageError` when it has not, `BundleError` for one that cannot be used.
    """
    bundle = Bundle.open(find_bundle(name_or_path))
    chosen = [one for one in bundle.precisions if precision in (one, "all")]
    if not chosen:
        there = ", ".join(bundle.precisions)
        raise UsageError(f"{name_or_path} has no {precision}, it has {there}; edge-export --{precision} adds it")
    return [(bundle, one) for one in chosen]


def hands_for(bundles: Sequence[Bundle], frames: Sequence[Frame]) -> list[Hands]:
    """Return what detector and keypoints find on each frame; where nothing is found, what the frame before showed.

    No hands at all where none of the bundles looks at any. Raises `SourceError` when no frame shows one.
    """
    if not any(_needs_hands(bundle.manifest) for bundle in bundles):
        return [Hands.empty()] * len(frames)
    found: list[Hands] = []
    tasks = tasks_from_models(("hand-detector", "hand-keypoints"), device="cpu", min_score=None)
    try:
        for frame in frames:
            hands = Hands.empty()
            for task in tasks:
                task.prepare(frame, hands)
                task.infer()
                hands = task.kept(task.decode())
            found.append(hands)
    finally:
        for task in tasks:
            task.close()
    last = next((hands for hands in found if len(hands)), None)
    if last is None:
        raise SourceError("no hand is found on the source's first frames; give a --source that shows hands")
    return [last := hands if len(hands) else last for hands in found]


def _needs_hands(contract: ModelContract) -> bool:
    return contract.task != "detector" and (contract.task != "segmenter" or contract.picture_input.fit == "crop")
