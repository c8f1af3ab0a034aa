# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle, shipped_names
from edge.errors import ModelError
from export.comparison import tensors_from_pictures
from export.fp16_from_onnx import fp16_from_onnx
from export.half_rounding import half_losses, half_rounded, nodes_to_keep
from export.output_difference import output_differences
from export.pictures import rendered_pictures
from export.runner_from_onnx import runner_from_onnx
from tests.calibration.graphs import loudened
from tests.export.rtx import built

# Half precision has eleven bits: rounding costs 2e-4 a layer, and some tens of layers add up.
HALF_RELATIVE = 5e-3
LOUD = 2.0**18


@pytest.fixture(scope="module")
def classifier() -> Bundle:
    return Bundle.open(find_bundle("gesture-classifier"))


@pytest.mark.parametrize("name", [name for name in shipped_names() if name != "hand-pose"])
def test_a_shipped_model_in_fp16_is_valid_half_as_large_and_agrees(name: str) -> None:
    bundle = Bundle.open(find_bundle(name))
    model = bundle.read_model()
    half = fp16_from_onnx(model)
    graph = onnx.load_from_string(half)
    onnx.checker.check_model(graph, full_check=True)
    assert len(half) < 0.52 * len(model)
    values = (*graph.graph.input, *graph.graph.output)
    assert {value.type.tensor_type.elem_type for value in values} == {TensorProto.FLOAT}
    inputs = tensors_from_pictures(bundle.manifest.input, rendered_pictures(most=2))
    for other in (half, half_rounded(model)):
        with runner_from_onnx(bundle.manifest, model) as ours, runner_from_onnx(bundle.manifest, other) as theirs:
            assert all(one.relative < HALF_RELATIVE for one in output_differences(ours, theirs, inputs))


@pytest.mark.parametrize("name", [name for name in shipped_names() if name != "hand-pose"])
def test_tensorrt_builds_a_shipped_model_in_fp16(name: str) -> None:
    bundle = Bundle.open(find_bundle(name))
    model = bundle.read_model()
    assert len(built(fp16_from_onnx(model), bundle.manifest)) < len(built(model, bundle.manifest))


def test_inputs_and_outputs_may_be_fp16_too(classifier: Bundle) -> None:
    graph = onnx.load_from_string(fp16_from_onnx(classifier.read_model(), half_io=True)).graph
    assert {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)} == {TensorProto.FLOAT16}
    assert not [node for node in graph.node if node.op_type == "Cast"]


def test_what_overflows_on_a_gpu_is_found_on_the_cpu_and_stays_float32(classifier: Bundle) -> None:
    contract = classifier.manifest
    loud, first, second = loudened(classifier.read_model(), LOUD)
    inputs = tensors_from_pictures(contract.input, rendered_pictures(most=3))
    with runner_from_onnx(contract, loud) as ours, runner_from_onnx(contract, half_rounded(loud)) as theirs:
        assert not all(one.relative < 1 for one in output_differences(ours, theirs, inputs))
    kept = nodes_to_keep(loud, half_losses(loud, contract.input, inputs))
    assert {first.name, second.name} <= set(kept)
    assert len(kept) <= 4
    assert "overflow" in kept[first.name]
    with (
        runner_from_onnx(contract, loud) as ours,
        runner_from_onnx(contract, half_rounded(loud, keep=kept)) as theirs,
        runner_from_onnx(contract, fp16_from_onnx(loud, keep=kept)) as shipped,
    ):
        for other in (theirs, shipped):
            assert all(one.relative < HALF_RELATIVE for one in output_differences(ours, other, inputs))
    built(fp16_from_onnx(loud, keep=kept), contract)


def test_the_loud_model_computes_in_float32_what_the_quiet_one_does(classifier: Bundle) -> None:
    contract, model = classifier.manifest, classifier.read_model()
    inputs = tensors_from_pictures(contract.input, rendered_pictures(most=2))
    with runner_from_onnx(contract, model) as ours, runner_from_onnx(contract, loudened(model, LOUD)[0]) as theirs:
        assert all(one.of_allowed < 1 for one in output_differences(ours, theirs, inputs))


def test_weights_too_small_for_fp16_keep_their_node_in_float32(classifier: Bundle) -> None:
    contract = classifier.manifest
    faint, _, second = loudened(classifier.read_model(), 2.0**-18)
    inputs = tensors_from_pictures(contract.input, rendered_pictures(most=1))
    kept = nodes_to_keep(faint, half_losses(faint, contract.input, inputs))
    assert any("rounding costs" in reason for reason in kept.values())
    assert second.name in kept


def test_a_name_that_no_node_has_is_refused(classifier: Bundle) -> None:
    for lower in (fp16_from_onnx, half_rounded):
        with pytest.raises(ModelError, match="no node 'nowhere'"):
            lower(classifier.read_model(), keep=["nowhere"])
    with pytest.raises(ModelError, match="not an ONNX file"):
        fp16_from_onnx(b"\xffnot onnx")


def test_a_tensor_of_zeros_loses_nothing(classifier: Bundle) -> None:
    contract = classifier.manifest
    losses = half_losses(classifier.read_model(), contract.input, [np.zeros((1, 3, 128, 128), np.float32)])
    assert all(loss.reason is None for loss in losses.values())
