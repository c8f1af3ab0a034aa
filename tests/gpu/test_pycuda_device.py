# SPDX-License-Identifier: Apache-2.0
"""The device layer on a GPU, through PyCUDA."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge.errors import DependencyError, GpuError
from edge.gpu import kernels
from edge.gpu.arrays import DeviceType
from edge.gpu.device import ALIGNMENT_BYTES
from edge.gpu.pycuda_device import PycudaGpu

SIZE_BYTES = 2**20


@pytest.fixture
def gpu() -> Iterator[PycudaGpu]:
    from edge.gpu.opening import process_gpu

    try:
        opened = process_gpu()
    except DependencyError as error:
        if os.environ.get("FAIL_WITHOUT_GPU", "0") not in {"", "0"}:
            pytest.fail(f"FAIL_WITHOUT_GPU is set: {error}")
        pytest.skip(str(error))
    with opened.current():
        yield opened
    assert opened.counts() == {}


def test_bytes_go_there_and_back_in_the_order_of_the_stream(gpu: PycudaGpu) -> None:
    given = np.random.default_rng(0).integers(0, 256, SIZE_BYTES, np.uint8)
    with (
        gpu.stream() as stream,
        gpu.memory(SIZE_BYTES) as memory,
        gpu.host_memory(SIZE_BYTES) as host,
        gpu.event() as end,
    ):
        assert memory.address % ALIGNMENT_BYTES == 0
        host.array[:] = given
        stream.copy_in(memory.address, host.array)
        stream.clear(memory.address, SIZE_BYTES // 2)
        stream.copy_out(host.array, memory.address)
        stream.record(end)
        end.synchronize()
        assert end.done()
        assert host.array[: SIZE_BYTES // 2].max() == 0
        assert np.array_equal(host.array[SIZE_BYTES // 2 :], given[SIZE_BYTES // 2 :])


def test_a_graph_does_its_work_each_time_it_is_launched(gpu: PycudaGpu) -> None:
    logits = np.array([[0, 3], [5, 1]], np.float32)
    with gpu.stream() as stream, gpu.memory(1024) as memory, gpu.host_memory(1024) as host:

        def work() -> None:
            stream.copy_in(memory.address, host.array[:16])
            kernels.best_classes(
                stream,
                logits=memory.address,
                dtype=DeviceType.float32,
                rows=2,
                classes=2,
                ids=memory.address + 256,
                scores=memory.address + 512,
            )
            stream.copy_out(host.array[256:264], memory.address + 256)

        host.array[:16] = logits.view(np.uint8).reshape(-1)
        work()
        stream.synchronize()
        with stream.capture(work) as graph:
            assert graph.nodes == 3
            for values in (logits, logits[:, ::-1]):
                host.array[:16] = np.ascontiguousarray(values).view(np.uint8).reshape(-1)
                graph.launch(stream)
                stream.synchronize()
                assert host.array[256:264].view(np.int32).tolist() == values.argmax(1).tolist()


def test_a_stream_waits_for_the_event_of_another(gpu: PycudaGpu) -> None:
    with (
        gpu.stream() as first,
        gpu.stream() as second,
        gpu.memory(SIZE_BYTES) as memory,
        gpu.host_memory(SIZE_BYTES) as host,
        gpu.event(timing=True) as begin,
        gpu.event(timing=True) as end,
    ):
        host.array[:] = 1
        first.record(begin)
        first.copy_in(memory.address, host.array)
        first.clear(memory.address, SIZE_BYTES)
        first.record(end)
        second.wait(end)
        second.copy_out(host.array, memory.address)
        second.synchronize()
        assert host.array.max() == 0
        assert end.elapsed_ms(begin) > 0


def test_another_thread_works_with_the_same_memory(gpu: PycudaGpu) -> None:
    told: list[int] = []
    with gpu.memory(4) as memory:

        def work() -> None:
            with gpu.current(), gpu.stream() as stream, gpu.host_memory(4) as host:
                stream.clear(memory.address, 4)
                stream.copy_out(host.array, memory.address)
                stream.synchronize()
                told.extend(host.array.tolist())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert told == [0, 0, 0, 0]


def test_more_memory_than_there_is_is_refused_by_cudas_name(gpu: PycudaGpu) -> None:
    with pytest.raises(GpuError, match=r"CUDA_ERROR_OUT_OF_MEMORY from cuMemAlloc.*close other programs") as error:
        gpu.memory(gpu.attributes.memory_bytes * 4)
    assert not error.value.lost
    with gpu.memory(16):
        pass


def test_what_cannot_be_captured_is_told_and_the_stream_goes_on(gpu: PycudaGpu) -> None:
    with gpu.stream() as stream, gpu.memory(16) as memory:
        with pytest.raises(GpuError, match="CUDA_ERROR_STREAM_CAPTURE"):
            stream.capture(stream.synchronize)
        stream.clear(memory.address, 16)
        stream.synchronize()
