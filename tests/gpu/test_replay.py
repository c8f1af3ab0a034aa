# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.errors import GpuError, ModelError
from edge.gpu.recording import RecordingGpu
from edge.gpu.replay import Replay


@pytest.fixture
def gpu() -> Iterator[RecordingGpu]:
    with RecordingGpu() as opened, opened.current():
        yield opened
        assert opened.violations == []


def kinds(gpu: RecordingGpu) -> list[str]:
    return [call.kind for call in gpu.calls if call.kind != "work" and not call.captured]


def test_work_runs_as_it_is_first_and_is_one_launch_from_then_on(gpu: RecordingGpu) -> None:
    with gpu.stream() as stream, gpu.memory(4) as memory:
        replay = Replay(stream, lambda: stream.clear(memory.address, 4))
        gpu.calls.clear()
        for _ in range(3):
            replay.queue()
        assert kinds(gpu) == ["clear", "capture", "graph", "graph"]
        assert replay.nodes == 1
        stream.synchronize()
        replay.close()
        replay.close()


def test_work_that_the_driver_will_not_capture_is_queued_as_it_is(gpu: RecordingGpu) -> None:
    with gpu.stream() as stream, gpu.memory(4) as memory:
        replay = Replay(stream, lambda: stream.clear(memory.address, 4))
        gpu.fail_at("capture", 1, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED")
        gpu.calls.clear()
        for _ in range(3):
            replay.queue()
        assert kinds(gpu) == ["clear", "capture", "clear", "clear"]
        assert replay.refusal is not None
        stream.synchronize()


def test_any_other_failure_of_a_capture_is_a_failure(gpu: RecordingGpu) -> None:
    with gpu.stream() as stream, gpu.memory(4) as memory:
        replay = Replay(stream, lambda: stream.clear(memory.address, 4))
        replay.queue()
        stream.synchronize()
        gpu.fail_at("capture", 1, "CUDA_ERROR_OUT_OF_MEMORY")
        with pytest.raises(GpuError, match="CUDA_ERROR_OUT_OF_MEMORY"):
            replay.queue()


def test_work_that_a_library_will_not_queue_for_a_graph_is_queued_as_it_is(gpu: RecordingGpu) -> None:
    """As TensorRT, which answers a run that cannot be captured with False and a sentence in its log."""
    with gpu.stream() as stream, gpu.memory(4) as memory:

        def work() -> None:
            stream.clear(memory.address, 4)
            if gpu.calls[-1].captured:
                raise ModelError("the engine synchronizes within its run")

        replay = Replay(stream, work)
        gpu.calls.clear()
        for _ in range(3):
            replay.queue()
        assert kinds(gpu) == ["clear", "capture", "clear", "clear"]
        assert replay.nodes == 0
        assert "synchronizes" in str(replay.refusal)
        stream.synchronize()


def test_work_that_fails_in_a_capture_and_without_is_a_failure(gpu: RecordingGpu) -> None:
    fails = False

    def work() -> None:
        if fails:
            raise ModelError("the engine is broken")

    with gpu.stream() as stream:
        replay = Replay(stream, work)
        replay.queue()
        fails = True
        with pytest.raises(ModelError, match="broken"):
            replay.queue()
