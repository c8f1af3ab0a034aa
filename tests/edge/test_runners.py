# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge.errors import BundleFormatError, ModelError, UsageError
from edge.runners import FakeRunner, OnnxRuntimeRunner, Runner, TensorSpec
from tests.edge.bundles import classifier_contract, classifier_model, detector_contract, detector_model

RNG = np.random.default_rng(7)
# Two runs of the same kernels on the same data.
SAME = 1e-6


def detector_runner(**options: Any) -> OnnxRuntimeRunner:
    contract = detector_contract()
    outputs = tuple(output.spec() for output in contract.outputs)
    return OnnxRuntimeRunner(detector_model(), inputs=(contract.input.spec(),), outputs=outputs, **options)


def filled(runner: Runner, shape: tuple[int, ...]) -> NDArray[np.float32]:
    values = RNG.normal(0, 1, shape).astype(np.float32)
    runner.input_buffer(runner.inputs[0].name, shape)[:] = values
    return values


def conv_by_hand(image: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    import onnx
    from onnx import numpy_helper

    weights = {w.name: numpy_helper.to_array(w) for w in onnx.load_from_string(detector_model()).graph.initializer}
    n, _, height, width = image.shape
    patches = image.reshape(n, 3, height // stride, stride, width // stride, stride)
    out = np.einsum("nchywx,ocyx->nohw", patches, weights[f"w{stride}"])
    convolved: NDArray[np.float32] = out + weights[f"b{stride}"][None, :, None, None]
    return convolved


@pytest.mark.parametrize("shape", [(1, 3, 96, 96), (1, 3, 32, 96), (4, 3, 64, 32)])
def test_outputs_are_those_of_the_model_for_every_shape_within_the_contract(shape: tuple[int, ...]) -> None:
    with detector_runner() as runner:
        image = filled(runner, shape)
        outputs = runner.infer()
        for stride in (8, 16, 32):
            np.testing.assert_allclose(outputs[f"level_{stride}"], conv_by_hand(image, stride), atol=1e-3)


def test_shapes_may_change_between_runs_and_back() -> None:
    with detector_runner() as runner:
        for shape in [(1, 3, 96, 96), (2, 3, 32, 64), (1, 3, 96, 96), (2, 3, 32, 64)]:
            image = filled(runner, shape)
            np.testing.assert_allclose(runner.infer()["level_8"], conv_by_hand(image, 8), atol=1e-3)


def test_the_input_buffer_is_the_memory_the_model_reads() -> None:
    with detector_runner() as runner:
        filled(runner, (1, 3, 96, 96))
        before = runner.infer()["level_8"].copy()
        buffer = runner.input_buffer("image", (1, 3, 96, 96))
        assert buffer.flags.c_contiguous
        assert buffer.ctypes.data % 64 == 0
        buffer *= 2
        after = runner.infer()["level_8"]
        assert np.abs(after - before).max() > 1


def test_known_output_shapes_land_in_the_same_memory_every_time() -> None:
    with detector_runner() as runner:
        filled(runner, (1, 3, 96, 96))
        first = runner.infer()["level_8"]
        again = runner.infer()["level_8"]
        assert first.ctypes.data == again.ctypes.data


def test_siblings_share_the_session_and_compute_at_the_same_time() -> None:
    first = detector_runner()
    runners = [first, first.sibling(), first.sibling()]
    assert len({id(runner._session) for runner in runners}) == 1
    images = [filled(runner, (1, 3, 96, 96)) for runner in runners]
    worst = [0.0] * len(runners)

    def work(index: int) -> None:
        for _ in range(20):
            difference = runners[index].infer()["level_8"] - conv_by_hand(images[index], 8)
            worst[index] = max(worst[index], float(np.abs(difference).max()))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(worst) < 1e-3


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((1, 3, 128, 96), "taller than the contract"),
        ((5, 3, 96, 96), "a batch above the contract"),
        ((1, 1, 96, 96), "another number of channels"),
        ((3, 96, 96), "no batch"),
        ((0, 3, 96, 96), "an empty batch"),
    ],
)
def test_an_input_outside_the_contract_is_refused(shape: tuple[int, ...], why: str) -> None:
    with detector_runner() as runner, pytest.raises(ModelError, match=r"image.*must be.*got"):
        runner.input_buffer("image", shape)
    assert why


def test_an_unknown_input_names_the_known_ones() -> None:
    with detector_runner() as runner, pytest.raises(ModelError, match="the inputs are image"):
        runner.input_buffer("picture", (1, 3, 96, 96))


def test_an_input_that_was_never_written_is_an_error() -> None:
    with detector_runner() as runner, pytest.raises(ModelError, match="never written"):
        runner.infer()


def test_a_closed_runner_says_so_and_closing_twice_is_allowed() -> None:
    runner = detector_runner()
    runner.close()
    runner.close()
    with pytest.raises(ModelError, match="closed"):
        runner.infer()


def test_a_closed_runner_lets_its_memory_go() -> None:
    runner = detector_runner()
    filled(runner, (1, 3, 96, 96))
    memory = weakref.ref(runner.input_buffer("image", (1, 3, 96, 96)).base)
    runner.infer()
    assert memory() is not None
    runner.close()
    assert memory() is None


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (TensorSpec("picture", "float32", ("batch", 3, "height", "width"), (1, 3, 96, 96)), "model has image"),
        (TensorSpec("image", "float32", ("batch", 1, "height", "width"), (1, 1, 96, 96)), "in the model"),
        (TensorSpec("image", "int64", ("batch", 3, "height", "width"), (1, 3, 96, 96)), "in the model"),
        (TensorSpec("image", "float32", (3, "height", "width"), (3, 96, 96)), "in the model"),
    ],
)
def test_a_model_that_breaks_its_contract_is_refused_before_it_runs(expected: TensorSpec, message: str) -> None:
    with pytest.raises(BundleFormatError, match=message):
        OnnxRuntimeRunner(detector_model(), inputs=(expected,))


def test_a_fixed_model_cannot_keep_a_contract_with_a_free_batch() -> None:
    contract = classifier_contract()
    with pytest.raises(BundleFormatError, match="crops"):
        OnnxRuntimeRunner(classifier_model(batch=1), inputs=(contract.input.spec(),))


def test_an_output_of_another_shape_than_the_contract_is_an_error() -> None:
    wrong = TensorSpec("level_8", "float32", ("batch", 5, "height/16", "width/16"))
    inputs = (detector_contract().input.spec(),)
    with OnnxRuntimeRunner(detector_model(), inputs=inputs, outputs=(wrong,)) as runner:
        filled(runner, (1, 3, 96, 96))
        with pytest.raises(ModelError):
            runner.infer()


@pytest.mark.parametrize("content", [b"", b"not onnx", detector_model()[:500]])
def test_what_is_not_a_model_is_one_sentence(content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="could not load") as caught:
        OnnxRuntimeRunner(content)
    assert caught.value.__cause__ is not None
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_model_that_fails_while_running_is_a_model_error(capfd: pytest.CaptureFixture[str]) -> None:
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"]),
        helper.make_tensor_value_info("shape", TensorProto.INT64, [2]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None])]
    graph = helper.make_graph(nodes, "reshape", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    with OnnxRuntimeRunner(model.SerializeToString(), max_shapes={"x": (8,), "shape": (2,)}) as runner:
        runner.input_buffer("x", (6,))[:] = 1
        runner.input_buffer("shape", (2,))[:] = (2, 3)
        assert runner.infer()["y"].shape == (2, 3)
        runner.input_buffer("shape", (2,))[:] = (3, 2)
        assert runner.infer()["y"].shape == (3, 2)
        runner.input_buffer("shape", (2,))[:] = (5, 5)
        with pytest.raises(ModelError, match="could not run"):
            runner.infer()
    assert capfd.readouterr().err == ""


def test_threads_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="threads must be at least 1"):
        detector_runner(threads=0)


def doubled(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    return {"y": inputs["x"] * 2}


def test_a_fake_runner_runs_its_function_within_the_contract() -> None:
    spec = TensorSpec("x", "float32", ("batch", 2), (3, 2))
    with FakeRunner(inputs=(spec,), outputs=(TensorSpec("y", "float32", ("batch", 2)),), function=doubled) as runner:
        other = runner.sibling()
        values, others = filled(runner, (3, 2)), filled(other, (2, 2))
        np.testing.assert_allclose(runner.infer()["y"], values * 2, rtol=SAME)
        np.testing.assert_allclose(other.infer()["y"], others * 2, rtol=SAME)
    with pytest.raises(ModelError, match="closed"):
        runner.infer()


@pytest.mark.parametrize(
    "output",
    [TensorSpec("y", "float32", ("batch", 3)), TensorSpec("y", "int64", ("batch", 2)), TensorSpec("z", "f4", ())],
)
def test_a_fake_runner_holds_its_function_to_the_outputs(output: TensorSpec) -> None:
    spec = TensorSpec("x", "float32", ("batch", 2), (3, 2))
    runner = FakeRunner(inputs=(spec,), outputs=(output,), function=doubled)
    filled(runner, (3, 2))
    with pytest.raises(ModelError, match=f"output {output.name!r}"):
        runner.infer()


def test_outputs_whose_shape_depends_on_the_data_follow_it(data_dir: Path) -> None:
    model = data_dir.parent / "foreign" / "hand_detector.onnx"
    if not model.is_file():
        pytest.skip(f"no {model}")
    with OnnxRuntimeRunner(model, max_shapes={"input": (1, 3, 240, 320)}) as runner:
        buffer = runner.input_buffer("input", (1, 3, 240, 320))
        buffer[:] = 0
        counts = [len(runner.infer()["boxes"])]
        picture = cv2.imread(str(next((data_dir / "hagrid_mini/test/palm").glob("*.jpg"))))
        assert picture is not None
        resized = cv2.resize(picture, (320, 240))[..., ::-1].astype(np.float32)
        buffer[0] = ((resized - 127) / 128).transpose(2, 0, 1)
        outputs = runner.infer()
        counts.append(len(outputs["boxes"]))
        assert counts[0] != counts[1]
        assert outputs["boxes"].shape[1:] == (4,)
        assert outputs["scores"].shape == (counts[1],)
        assert outputs["scores"].max() > 0.5
