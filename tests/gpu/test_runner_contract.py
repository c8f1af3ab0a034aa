# SPDX-License-Identifier: Apache-2.0
"""What every runner keeps, whatever it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import cast

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.errors import ModelError
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.runners import FakeRunner, OnnxRuntimeRunner, Runner
from edge.runners.stream_runner import StreamRunner
from edge.runners.tensorrt import TensorRtModel
from tests.edge.bundles import detector_contract, detector_model, write_small_bundle
from tests.gpu.lanes import open_backend
from tests.gpu.scripted_tensorrt import MAGIC, ScriptedTensorRt

CONTRACT = detector_contract()
INPUTS = (CONTRACT.input.spec(),)
OUTPUTS = tuple(output.spec() for output in CONTRACT.outputs)
SHAPES = [(1, 3, 96, 96), (3, 3, 32, 64), (1, 3, 96, 96)]
# Convolutions of 192 products in another order.
CLOSE = 1e-4


def on_processor() -> OnnxRuntimeRunner:
    return OnnxRuntimeRunner(detector_model(), inputs=INPUTS, outputs=OUTPUTS)


def fake(_: Bundle) -> Runner:
    reference = on_processor()

    def answer(inputs: object) -> object:
        image = cast("dict[str, np.ndarray]", inputs)["image"]
        reference.input_buffer("image", image.shape)[:] = image
        return {name: values.copy() for name, values in reference.infer().items()}

    return FakeRunner(inputs=INPUTS, outputs=OUTPUTS, function=answer)  # type: ignore[arg-type]


def recording(bundle: Bundle) -> Runner:
    return StreamRunner(RecordingModel(bundle), RecordingGpu(), inputs=INPUTS, outputs=OUTPUTS)


def tensorrt(_: Bundle) -> Runner:
    gpu = RecordingGpu()
    flavour = cast("ModuleType", ScriptedTensorRt(gpu, {"image": (4, 3, 96, 96)}))
    model = TensorRtModel(MAGIC + detector_model(), flavour, inputs=INPUTS, outputs=OUTPUTS)
    return StreamRunner(model, gpu, inputs=INPUTS, outputs=OUTPUTS)


def cuda(bundle: Bundle) -> Runner:
    backend = open_backend("cuda")
    return StreamRunner(backend.open_model(bundle), backend.gpu, inputs=INPUTS, outputs=OUTPUTS)


@pytest.fixture(
    params=[fake, lambda _: on_processor(), recording, tensorrt, cuda],
    ids=["fake", "onnxruntime", "recording", "tensorrt", "cuda"],
)
def runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    bundle = write_small_bundle(tmp_path_factory.mktemp("small") / "detector", CONTRACT, detector_model())
    opened = cast("Callable[[Bundle], Runner]", request.param)(bundle)
    with opened:
        yield opened


def fill(runner: Runner, shape: tuple[int, ...], seed: int) -> None:
    runner.input_buffer("image", shape)[:] = np.random.default_rng(seed).normal(0, 1, shape)


def test_outputs_are_those_of_the_model_for_every_shape(runner: Runner) -> None:
    with on_processor() as reference:
        for seed, shape in enumerate(SHAPES):
            for one in (runner, reference):
                fill(one, shape, seed)
            given, expected = runner.infer(), reference.infer()
            assert set(given) == set(expected)
            for name, values in expected.items():
                assert given[name].dtype == values.dtype
                np.testing.assert_allclose(given[name], values, atol=CLOSE)


def test_the_input_is_contiguous_and_stays_until_it_is_written_again(runner: Runner) -> None:
    fill(runner, (1, 3, 96, 96), 1)
    buffer = runner.input_buffer("image", (1, 3, 96, 96))
    assert buffer.flags.c_contiguous
    first = {name: values.copy() for name, values in runner.infer().items()}
    again = runner.infer()
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)


def test_a_sibling_has_buffers_of_its_own(runner: Runner) -> None:
    with runner.sibling() as sibling:
        fill(runner, (1, 3, 96, 96), 1)
        fill(sibling, (1, 3, 96, 96), 2)
        own = runner.infer()["level_8"].copy()
        assert np.abs(sibling.infer()["level_8"] - own).max() > CLOSE
        np.testing.assert_allclose(runner.infer()["level_8"], own, atol=CLOSE)
    fill(runner, (1, 3, 96, 96), 1)
    np.testing.assert_allclose(runner.infer()["level_8"], own, atol=CLOSE)


def test_what_the_contract_does_not_allow_is_refused(runner: Runner) -> None:
    with pytest.raises(ModelError, match="never written"):
        runner.infer()
    with pytest.raises(ModelError, match="there is no input 'picture'; the inputs are image"):
        runner.input_buffer("picture", (1, 3, 96, 96))
    for shape in [(1, 3, 128, 96), (5, 3, 96, 96), (1, 1, 96, 96), (3, 96, 96), (0, 3, 96, 96)]:
        with pytest.raises(ModelError, match=r"image.*must be.*got"):
            runner.input_buffer("image", shape)


def test_a_closed_runner_says_so(runner: Runner) -> None:
    fill(runner, (1, 3, 96, 96), 1)
    runner.close()
    runner.close()
    with pytest.raises(ModelError):
        runner.infer()
