# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from calibration.placement import placement_of
from calibration.qdq_from_onnx import QDQ_OPSET, half_scale, lifted, qdq_from_onnx
from calibration.qdq_rules import breaches_of
from calibration.ranges import ranges_of
from calibration.thresholds import STEPS
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle, shipped_names
from edge.errors import ModelError
from edge.runners import OnnxRuntimeRunner
from export.comparison import tensors_from_pictures
from export.fp16_from_onnx import fp16_from_onnx
from export.onnx_graph import graph_from_bytes, opset_of
from export.output_difference import output_differences
from export.pictures import rendered_pictures
from export.runner_from_onnx import runner_from_onnx
from tests.calibration.graphs import residual_model
from tests.export.rtx import built

# Eight bits on a few rendered pictures: near the original, and far from anything else.
INT8_COSINE = 0.97


@pytest.mark.parametrize("name", [name for name in shipped_names() if name != "hand-pose"])
def test_a_shipped_model_in_int8_agrees_breaks_no_rule_and_builds(name: str) -> None:
    bundle = Bundle.open(find_bundle(name))
    contract, model = bundle.manifest, bundle.read_model()
    placement = placement_of(graph_from_bytes(model))
    inputs = tensors_from_pictures(contract.input, rendered_pictures(most=3))
    ranges = ranges_of(model, contract, inputs, placement.tensors)
    file = fp16_from_onnx(qdq_from_onnx(model, placement, ranges.thresholds["mse"]))
    assert breaches_of(file) == ()
    assert len(file) < 0.3 * len(model)
    graph = onnx.load_from_string(file)
    assert opset_of(graph) == QDQ_OPSET
    values = (*graph.graph.input, *graph.graph.output)
    assert {value.type.tensor_type.elem_type for value in values} == {TensorProto.FLOAT}
    with runner_from_onnx(contract, model) as ours, runner_from_onnx(contract, file) as theirs:
        assert all(one.cosine > INT8_COSINE for one in output_differences(ours, theirs, inputs))
    built(file, contract)


def test_int8_computes_what_rounding_each_tensor_does() -> None:
    model = residual_model()
    placement = placement_of(graph_from_bytes(model))
    file = qdq_from_onnx(model, placement, dict.fromkeys(placement.tensors, 3.0))
    image = np.random.default_rng(1).normal(0, 1, (2, 3, 32, 32)).astype(np.float32)
    bounds = {"image": (2, 3, 32, 32)}
    with OnnxRuntimeRunner(model, max_shapes=bounds) as ours, OnnxRuntimeRunner(file, max_shapes=bounds) as theirs:
        (difference,) = output_differences(ours, theirs, [image])
    assert 0 < difference.relative < 0.1


def test_a_tensor_that_two_layers_read_is_quantised_once() -> None:
    model = residual_model()
    placement = placement_of(graph_from_bytes(model))
    graph = onnx.load_from_string(qdq_from_onnx(model, placement, dict.fromkeys(placement.tensors, 3.0)))
    quantised = [node.input[0] for node in graph.graph.node if node.op_type == "QuantizeLinear"]
    assert sorted(quantised) == sorted(placement.tensors)
    readers = [node.name for node in graph.graph.node if "stem_relu_dequantized" in node.input]
    assert readers == ["block", "sum"]


def test_scales_are_what_fp16_can_hold_and_cut_nothing_more_off() -> None:
    thresholds = np.array([1e-6, 1e-3, 0.77, 3.0, 1000.0], np.float32)
    scales = half_scale(thresholds)
    assert (scales == scales.astype(np.float16)).all()
    assert (scales * STEPS >= thresholds * (1 - 1e-6)).all()
    assert half_scale(0.0) == 1


def test_a_tensor_without_a_range_is_named() -> None:
    model = residual_model()
    with pytest.raises(ModelError, match="tensor 'depth_out' has no range"):
        qdq_from_onnx(
            model, placement_of(graph_from_bytes(model)), {"image": 1.0, "stem_relu": 1, "sum": 1, "gated": 1}
        )


def test_a_model_of_an_older_opset_is_lifted_and_computes_the_same() -> None:
    model = residual_model()
    higher = lifted(model)
    assert (opset_of(graph_from_bytes(model)), opset_of(graph_from_bytes(higher))) == (18, QDQ_OPSET)
    assert lifted(higher) == higher
    names = [[node.name for node in graph_from_bytes(one).graph.node] for one in (model, higher)]
    assert names[0] == names[1]
