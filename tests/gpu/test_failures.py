# SPDX-License-Identifier: Apache-2.0
"""Whatever call of the device fails, at whatever frame: it is told, nothing stays behind, and the processor goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.errors import GpuError, ModelError
from edge.frame import Frame
from edge.gpu import rounds
from edge.gpu.backend import GpuBackend
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline import Pipeline, PipelineRun
from edge.pipeline.agreement import difference, hands_in
from edge.pipeline.gpu_lane import GpuLane
from edge.pipeline.lane import Lane
from edge.pipeline.models import tasks_from_models
from edge.results import Hands
from edge.tasks.picture import frame_from_picture

# As it is, captured, replayed; each of them takes a second round, with more hands than one look takes.
FRAMES = 3
OUT_OF_MEMORY, LOST = "CUDA_ERROR_OUT_OF_MEMORY", "CUDA_ERROR_LAUNCH_FAILED"
Case = tuple[str, int, str]


def frames() -> list[Frame]:
    rng = np.random.default_rng(9)
    return [frame_from_picture(rng.integers(0, 256, (60, 90, 3), np.uint8)) for _ in range(FRAMES)]


def backend(*, cpu_may_take_over: bool = False) -> tuple[RecordingGpu, GpuBackend]:
    gpu = RecordingGpu()
    return gpu, GpuBackend(gpu, RecordingModel, "test", hands=2, cpu_may_take_over=cpu_may_take_over)


class Loaded:
    """The models of a cascade, loaded once for many lanes."""

    def __init__(self, models: tuple[str, ...]) -> None:
        self.tasks = tasks_from_models(models, device="cpu", min_score=None)
        bundles = [Bundle.open(Path(model)) for model in models]
        self.models = {bundle.manifest.name: RecordingModel(bundle) for bundle in bundles}
        processor = Lane(self.tasks)
        self.expected = [hands_in(frame, processor) for frame in frames()]
        assert all(len(hands) > 2 for hands in self.expected)

    def answers(self, given: GpuBackend) -> tuple[list[Hands], GpuLane]:
        """Return what a new lane finds in all frames, and the lane, closed."""
        lane = GpuLane([task.sibling() for task in self.tasks], self.models, given)
        try:
            return [hands_in(frame, lane) for frame in frames()], lane
        finally:
            lane.close()

    def cases(self) -> Iterator[Case]:
        """Return every call that the frames make, each to fail once, and how."""
        gpu, undisturbed = backend()
        self.answers(undisturbed)
        calls = Counter(call.kind for call in gpu.calls)
        assert set(calls) >= {"allocate", "copy in", "launch", "execute", "capture", "graph", "synchronize", "work"}
        for kind, count in sorted(calls.items()):
            # What is asked for while a lane closes has nobody to fail for.
            for number in range(1, count + 1) if kind not in {"free", "synchronize"} else range(1, FRAMES + 1):
                if kind != "free":
                    yield kind, number, LOST if number % 2 else OUT_OF_MEMORY


@pytest.fixture
def loaded(small_cascade: tuple[str, ...]) -> Loaded:
    return Loaded(small_cascade)


def ended_run(pipeline: Pipeline) -> PipelineRun:
    run = pipeline.run(frames() * 10)
    assert len(list(run)) == FRAMES * 10
    return run


def test_every_failure_is_told_by_cudas_name_and_leaves_nothing(loaded: Loaded) -> None:
    for kind, number, name in loaded.cases():
        gpu, failing = backend()
        gpu.fail_at(kind, number, name)
        with pytest.raises(GpuError, match=name) as error:
            loaded.answers(failing)
        assert error.value.lost == (name == LOST), (kind, number)
        assert (gpu.counts(), gpu.violations) == ({}, []), (kind, number)


def test_the_processor_goes_on_with_the_frame_that_failed_where_it_may(loaded: Loaded) -> None:
    for kind, number, name in loaded.cases():
        if (kind, number) in {("allocate", 1), ("allocate", 2)}:
            continue  # without a stream and an event there is no lane
        gpu, failing = backend(cpu_may_take_over=True)
        gpu.fail_at(kind, number, name)
        with pytest.warns(RuntimeWarning, match=f"{name}.*goes on on the processor") as told:
            given, lane = loaded.answers(failing)
        assert len(told) == 1
        assert lane.lost is not None
        for hands, expected in zip(given, loaded.expected, strict=True):
            assert difference(hands, expected) is None, (kind, number)
        assert (gpu.counts(), gpu.violations) == ({}, []), (kind, number)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_run_says_how_many_lanes_left_the_gpu(small_cascade: tuple[str, ...], lost: int) -> None:
    gpu, failing = backend(cpu_may_take_over=True)
    with Pipeline(small_cascade, device=failing, threads=2) as pipeline:
        assert pipeline.device.name == "gpu"
        assert "test on recording gives the processor's answers" in pipeline.device.reason
        if lost == 1:
            gpu.fail_at("copy in", 1, OUT_OF_MEMORY)
        else:
            gpu.fail_at("copy in", 1, LOST)
        with pytest.warns(RuntimeWarning, match="goes on on the processor"):
            run = ended_run(pipeline)
        device = run.summary().device
    assert device.name == ("gpu" if lost == 1 else "cpu")
    assert f"{lost} of 2 lanes left the gpu" in device.reason
    assert gpu.counts() == {}
    assert gpu.violations == []


def test_a_run_whose_gpu_was_asked_for_ends_with_the_failure(small_cascade: tuple[str, ...]) -> None:
    gpu, failing = backend()
    with Pipeline(small_cascade, device=failing, threads=2) as pipeline:
        gpu.fail_at("work", 40, LOST)
        with pytest.raises(GpuError, match=LOST):
            list(pipeline.run(frames() * 10))
    assert gpu.counts() == {}


def test_a_gpu_that_answers_wrongly_is_not_used(
    small_cascade: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu, wrong = backend()
    real = rounds.Round.tell
    monkeypatch.setattr(rounds.Round, "tell", lambda self, *found: real(self, *found)[:1])
    with pytest.raises(ModelError, match=r"does not answer as the processor does: 1 hands instead of \d+"):
        Pipeline(small_cascade, device=wrong)
    assert gpu.counts() == {}
