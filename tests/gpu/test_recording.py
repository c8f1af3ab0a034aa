# SPDX-License-Identifier: Apache-2.0
"""The recording device does its work as late as it may, and notices who breaks the rules."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edge.errors import GpuError
from edge.gpu.device import ALIGNMENT_BYTES
from edge.gpu.recording import RecordingGpu

SIZE_BYTES = 64


@pytest.fixture
def gpu() -> Iterator[RecordingGpu]:
    with RecordingGpu() as opened, opened.current():
        yield opened


def test_memory_is_aligned_and_begins_as_no_number(gpu: RecordingGpu) -> None:
    for _ in range(20):
        memory = gpu.memory(12)
        assert memory.address % ALIGNMENT_BYTES == 0
        assert np.isnan(memory.array.view(np.float32)).all()
        assert np.isnan(memory.array.view(np.float16)).all()


def test_nothing_is_done_before_somebody_waits(gpu: RecordingGpu) -> None:
    with (
        gpu.stream() as stream,
        gpu.memory(SIZE_BYTES) as memory,
        gpu.host_memory(SIZE_BYTES) as host,
        gpu.event() as event,
    ):
        host.array[:] = 7
        stream.copy_in(memory.address, host.array)
        stream.record(event)
        host.array[:] = 8  # before it was read: the copy takes what is there then
        assert (memory.array == 0xFF).all()
        event.synchronize()
        assert (memory.array == 8).all()
        assert event.done()
    assert gpu.violations == []


def test_ordinary_memory_of_the_host_is_read_at_once(gpu: RecordingGpu) -> None:
    with gpu.stream() as stream, gpu.memory(SIZE_BYTES) as memory:
        source = np.full(SIZE_BYTES, 3, np.uint8)
        stream.copy_in(memory.address, source)
        source[:] = 4
        stream.synchronize()
        assert (memory.array == 3).all()


def test_a_stream_waits_for_the_event_of_another(gpu: RecordingGpu) -> None:
    with (
        gpu.stream() as first,
        gpu.stream() as second,
        gpu.memory(4) as memory,
        gpu.host_memory(4) as host,
        gpu.event() as event,
    ):
        first.clear(memory.address, 4)
        first.record(event)
        second.wait(event)
        second.copy_out(host.array, memory.address)
        second.synchronize()
        assert host.array.tolist() == [0, 0, 0, 0]
    with gpu.stream() as first, gpu.stream() as second, gpu.memory(4) as memory, gpu.host_memory(4) as host:
        first.clear(memory.address, 4)
        second.copy_out(host.array, memory.address)
        second.synchronize()
        assert host.array.tolist() == [0xFF] * 4, "without the event nothing says that the first comes first"
        first.synchronize()


def test_a_graph_does_what_was_captured_each_time_it_is_launched(gpu: RecordingGpu) -> None:
    with gpu.stream() as stream, gpu.memory(4) as memory, gpu.host_memory(4) as host:

        def work() -> None:
            stream.copy_in(memory.address, host.array)

        with stream.capture(work) as graph:
            stream.synchronize()
            assert (memory.array == 0xFF).all(), "capturing runs nothing"
            for value in (1, 2):
                host.array[:] = value
                graph.launch(stream)
                stream.synchronize()
                assert (memory.array == value).all()
    assert gpu.violations == []


def test_freed_memory_that_work_still_needs_is_noticed(gpu: RecordingGpu) -> None:
    with gpu.stream() as stream:
        memory = gpu.memory(4)
        stream.clear(memory.address, 4)
        memory.close()
        assert gpu.violations == ["memory was freed while stream 1 had work for it"]
        with pytest.raises(GpuError, match="CUDA_ERROR_ILLEGAL_ADDRESS") as error:
            stream.synchronize()
        assert error.value.lost
        with pytest.raises(GpuError, match="CUDA_ERROR_ILLEGAL_ADDRESS"):
            gpu.memory(4)


def test_a_thread_that_did_not_make_it_current_is_noticed() -> None:
    with RecordingGpu() as gpu:
        gpu.stream()
        assert "not within `current`" in gpu.violations[0]


def test_closed_memory_has_no_address(gpu: RecordingGpu) -> None:
    memory = gpu.memory(4)
    memory.close()
    memory.close()
    with pytest.raises(GpuError):
        _ = memory.address
    assert gpu.counts() == {}


@pytest.mark.parametrize(("number", "failing"), [(1, 1), (3, 3)])
def test_the_call_that_is_to_fail_fails_and_no_other(gpu: RecordingGpu, number: int, failing: int) -> None:
    gpu.memory(4)
    gpu.fail_at("allocate", number, "CUDA_ERROR_OUT_OF_MEMORY")
    for count in range(1, 5):
        if count == failing:
            with pytest.raises(GpuError, match=r"CUDA_ERROR_OUT_OF_MEMORY.*close other programs") as error:
                gpu.memory(4)
            assert not error.value.lost
        else:
            gpu.memory(4)
