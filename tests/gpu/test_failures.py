# SPDX-License-Identifier: Apache-2.0
"""Whatever call of the device fails, at whatever frame: it is told, nothing stays behind, and the processor goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from edge.errors import GpuError
from edge.frame import Frame
from edge.gpu.backend import GpuBackend
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline import Pipeline, PipelineRun
from edge.pipeline.agreement import difference, hands_in
from edge.tasks.picture import frame_from_picture
from tests.gpu.lanes import lanes

FRAMES = 4
OUT_OF_MEMORY, LOST = "CUDA_ERROR_OUT_OF_MEMORY", "CUDA_ERROR_LAUNCH_FAILED"


def frames() -> list[Frame]:
    rng = np.random.default_rng(9)
    return [frame_from_picture(rng.integers(0, 256, (60, 90, 3), np.uint8)) for _ in range(FRAMES)]


def backend(*, cpu_may_take_over: bool = False) -> tuple[RecordingGpu, GpuBackend]:
    gpu = RecordingGpu()
    # Two hands at once, so that frames take a second round too.
    return gpu, GpuBackend(gpu, RecordingModel, "test", hands=2, cpu_may_take_over=cpu_may_take_over)


def ended_run(pipeline: Pipeline) -> PipelineRun:
    run = pipeline.run(frames() * 10)
    assert len(list(run)) == FRAMES * 10
    return run


def calls_of_frames(models: tuple[str, ...]) -> Counter[str]:
    gpu, undisturbed = backend()
    with lanes(undisturbed, models) as (_, (lane,)):
        gpu.calls.clear()
        for frame in frames():
            hands_in(frame, lane)
        return Counter(call.kind for call in gpu.calls)


def cases(calls: Counter[str]) -> Iterator[tuple[str, int, str]]:
    for kind, count in sorted(calls.items()):
        if kind != "free":
            for number in range(1, count + 1):
                yield kind, number, LOST if number % 2 else OUT_OF_MEMORY


def test_every_failure_is_told_by_cudas_name_and_leaves_nothing(small_cascade: tuple[str, ...]) -> None:
    calls = calls_of_frames(small_cascade)
    assert {"allocate", "copy in", "launch", "execute", "capture", "graph", "record", "synchronize", "work"} <= set(
        calls
    )
    for kind, number, name in cases(calls):
        gpu, failing = backend()
        with lanes(failing, small_cascade) as (_, (lane,)):
            gpu.calls.clear()
            gpu.fail_at(kind, number, name)
            with pytest.raises(GpuError, match=name) as error:
                [hands_in(frame, lane) for frame in frames()]
            assert error.value.lost == (name == LOST), (kind, number)


def test_the_processor_goes_on_with_the_frame_that_failed_where_it_may(small_cascade: tuple[str, ...]) -> None:
    for kind, number, name in cases(calls_of_frames(small_cascade)):
        if number % 5 != 1:
            continue
        gpu, failing = backend(cpu_may_take_over=True)
        with lanes(failing, small_cascade) as (processor, (lane,)):
            gpu.calls.clear()
            gpu.fail_at(kind, number, name)
            with pytest.warns(RuntimeWarning, match=f"{name}.*goes on on the processor") as told:
                given = [hands_in(frame, lane) for frame in frames()]
            assert len(told) == 1
            for hands, frame in zip(given, frames(), strict=True):
                assert difference(hands, hands_in(frame, processor)) is None, (kind, number)
            assert lane.lost is not None
            assert set(gpu.counts()) == set(), "the lane left the device at once"


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
    from edge.errors import ModelError
    from edge.gpu import rounds

    real = rounds.Round.tell
    monkeypatch.setattr(rounds.Round, "tell", lambda self, hands: real(self, hands)[:1])
    with pytest.raises(ModelError, match=r"does not answer as the processor does: 1 hands instead of \d+"):
        Pipeline(small_cascade, device=wrong)
    assert gpu.counts() == {}
