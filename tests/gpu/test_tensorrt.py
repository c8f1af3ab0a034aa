# SPDX-License-Identifier: Apache-2.0
"""The TensorRT runner against a TensorRT that minds the rules and computes on the host."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import ModuleType
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import BundleFormatError, GpuError, ModelError
from edge.gpu.recording import RecordingGpu
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.runners.stream_runner import StreamRunner
from edge.runners.tensor_spec import TensorSpec
from edge.runners.tensorrt import TensorRtModel
from tests.edge.bundles import detector_contract, detector_model
from tests.gpu.scripted_tensorrt import MAGIC, ScriptedTensorRt

MOST = {"image": (4, 3, 96, 96)}
CONTRACT = detector_contract()
INPUTS = (CONTRACT.input.spec(),)
OUTPUTS = tuple(output.spec() for output in CONTRACT.outputs)


@pytest.fixture
def gpu() -> Iterator[RecordingGpu]:
    with RecordingGpu() as opened, opened.current():
        yield opened
        assert opened.violations == []


def flavour(gpu: RecordingGpu) -> ModuleType:
    return cast("ModuleType", ScriptedTensorRt(gpu, MOST))


def model(gpu: RecordingGpu, *, plan: bytes | None = None, outputs: tuple[TensorSpec, ...] = OUTPUTS) -> TensorRtModel:
    return TensorRtModel(plan or MAGIC + detector_model(), flavour(gpu), inputs=INPUTS, outputs=outputs)


def image(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).normal(0, 1, shape).astype(np.float32)


def test_answers_are_those_of_the_processor_for_every_shape_of_the_profile(gpu: RecordingGpu) -> None:
    with (
        OnnxRuntimeRunner(detector_model(), inputs=INPUTS, outputs=OUTPUTS) as reference,
        model(gpu) as engine,
        StreamRunner(engine, gpu, inputs=INPUTS, outputs=OUTPUTS) as runner,
    ):
        for shape in [(1, 3, 96, 96), (4, 3, 32, 64), (1, 3, 96, 96), (2, 3, 64, 96)]:
            for each in (reference, runner):
                each.input_buffer("image", shape)[:] = image(*shape)
            expected, given = reference.infer(), runner.infer()
            for name in expected:
                np.testing.assert_allclose(given[name], expected[name], atol=1e-5)
    assert gpu.counts() == {}


def test_shapes_beyond_those_kept_give_their_contexts_back(gpu: RecordingGpu) -> None:
    scripted = ScriptedTensorRt(gpu, MOST)
    engine = TensorRtModel(MAGIC + detector_model(), cast("ModuleType", scripted), inputs=INPUTS, outputs=OUTPUTS)
    with StreamRunner(engine, gpu, inputs=INPUTS, outputs=OUTPUTS) as runner:
        for side in (32, 64, 96):
            for batch in (1, 2, 3, 4):
                runner.input_buffer("image", (batch, 3, side, 96))[:] = 0
                runner.infer()
        gc.collect()
        assert len(scripted.contexts) == 4
    gc.collect()
    assert len(scripted.contexts) == 0
    assert gpu.counts() == {}


def test_a_steady_shape_allocates_nothing(gpu: RecordingGpu) -> None:
    with model(gpu) as engine, StreamRunner(engine, gpu, inputs=INPUTS, outputs=OUTPUTS) as runner:
        runner.input_buffer("image", (1, 3, 96, 96))[:] = 0
        runner.infer()
        gpu.calls.clear()
        for _ in range(3):
            runner.infer()
        kinds = [call.kind for call in gpu.calls if call.kind != "work"]
        assert kinds == ["copy in", "execute", "copy out", "copy out", "copy out", "record", "synchronize"] * 3


def test_the_event_of_a_consumed_input_is_given_to_the_engine(gpu: RecordingGpu) -> None:
    scripted = ScriptedTensorRt(gpu, MOST)
    engine = TensorRtModel(MAGIC + detector_model(), cast("ModuleType", scripted), inputs=INPUTS, outputs=OUTPUTS)
    with gpu.stream() as stream, gpu.memory(2**20) as memory, gpu.event() as consumed:
        addresses = dict.fromkeys((*MOST, *(spec.name for spec in OUTPUTS)), memory.address)
        with engine.bind(stream, {"image": (1, 3, 32, 32)}, addresses, consumed=consumed):
            (context,) = scripted.contexts
            assert context.consumed == consumed.handle


@pytest.mark.parametrize(
    ("shape", "offset", "told"),
    [
        ((5, 3, 32, 32), 0, r"must lie within \(1, 3, 1, 1\) and \(4, 3, 96, 96\), got \(5, 3, 32, 32\)"),
        ((1, 3, 32, 32), 64, "multiple of 256"),
    ],
)
def test_what_an_engine_cannot_take_is_told(gpu: RecordingGpu, shape: tuple[int, ...], offset: int, told: str) -> None:
    engine = model(gpu)
    with gpu.stream() as stream, gpu.memory(2**20) as memory:
        addresses = dict.fromkeys((*MOST, *(spec.name for spec in OUTPUTS)), memory.address + offset)
        with pytest.raises(ModelError, match=told):
            engine.bind(stream, {"image": shape}, addresses)


def test_an_engine_that_cannot_be_loaded_says_why(gpu: RecordingGpu) -> None:
    with pytest.raises(
        ModelError, match=r"scripted_tensorrt 10\.3\.0 cannot load.*assertion failed: magic tag;.*build it again"
    ):
        model(gpu, plan=b"something else")


def test_an_engine_that_disagrees_with_the_contract_is_refused(gpu: RecordingGpu) -> None:
    with pytest.raises(BundleFormatError, match=r"'level_64'.*the engine has image, level_8"):
        model(gpu, outputs=(TensorSpec("level_64", "float32", (1,)), *OUTPUTS))
    with pytest.raises(BundleFormatError, match="level_32 too"):
        model(gpu, outputs=OUTPUTS[:2])
    with pytest.raises(BundleFormatError, match=r"level_8.*\(-1, 5, -1, -1\) in the engine"):
        model(gpu, outputs=(TensorSpec("level_8", "float32", ("batch", 6, "h", "w")), *OUTPUTS[1:]))


def test_a_failure_while_running_is_told_with_cudas_name(gpu: RecordingGpu) -> None:
    with model(gpu) as engine, StreamRunner(engine, gpu, inputs=INPUTS, outputs=OUTPUTS) as runner:
        runner.input_buffer("image", (1, 3, 96, 96))[:] = 0
        runner.infer()
        gpu.fail_at("work", 2, "CUDA_ERROR_LAUNCH_FAILED")
        with pytest.raises(GpuError, match="CUDA_ERROR_LAUNCH_FAILED"):
            runner.infer()
    assert gpu.counts() == {}


def test_a_closed_runner_and_a_closed_engine_say_so(gpu: RecordingGpu) -> None:
    engine = model(gpu)
    runner = StreamRunner(engine, gpu, inputs=INPUTS, outputs=OUTPUTS)
    sibling = runner.sibling()
    for one in (runner, sibling):
        one.close()
        one.close()
        with pytest.raises(ModelError, match="closed"):
            one.infer()
        with pytest.raises(ModelError, match="closed"):
            one.input_buffer("image", (1, 3, 32, 32))
    engine.close()
    with gpu.stream() as stream, pytest.raises(ModelError, match="closed"):
        engine.bind(stream, {}, {})
