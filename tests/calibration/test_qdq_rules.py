# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from calibration.placement import placement_of
from calibration.qdq_from_onnx import qdq_from_onnx
from calibration.qdq_rules import RULES, breaches_of, require_rules
from edge.errors import ModelError
from export.fp16_from_onnx import fp16_from_onnx
from export.onnx_graph import graph_from_bytes
from tests.calibration.graphs import residual_model

Change = Callable[[ModelProto], str]


def quantised() -> bytes:
    model = residual_model()
    placement = placement_of(graph_from_bytes(model))
    return qdq_from_onnx(model, placement, dict.fromkeys(placement.tensors, 4.0))


def node_of(graph: ModelProto, name: str) -> NodeProto:
    found: NodeProto = next(node for node in graph.graph.node if node.name == name)
    return found


def replaced(graph: ModelProto, name: str, values: NDArray[Any]) -> None:
    tensor = next(tensor for tensor in graph.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(values, name))


def no_zero_point(graph: ModelProto) -> str:
    del node_of(graph, "sum_QuantizeLinear").input[2]
    return "sum_QuantizeLinear"


def uint8(graph: ModelProto) -> str:
    replaced(graph, "sum_zero", np.zeros((), np.uint8))
    return "sum_QuantizeLinear"


def asymmetric(graph: ModelProto) -> str:
    replaced(graph, "sum_zero", np.array(7, np.int8))
    return "sum_QuantizeLinear"


def integer_bias(graph: ModelProto) -> str:
    graph.graph.initializer.append(numpy_helper.from_array(np.ones(16, np.int32), "bias_int32"))
    graph.graph.initializer.append(numpy_helper.from_array(np.array(0.1, np.float32), "bias_scale"))
    node = helper.make_node("DequantizeLinear", ["bias_int32", "bias_scale"], ["bias"], "bias_DequantizeLinear")
    graph.graph.node.insert(0, node)
    node_of(graph, "block").input[2] = "bias"
    return "bias_DequantizeLinear"


def no_scale(graph: ModelProto) -> str:
    replaced(graph, "sum_scale", np.array(0, np.float32))
    return "sum_QuantizeLinear"


def half_scale_too_early(graph: ModelProto) -> str:
    half = onnx.load_from_string(fp16_from_onnx(bytes(graph.SerializeToString())))
    graph.CopyFrom(half)
    graph.opset_import[0].version = 18
    return str(next(node.name for node in graph.graph.node if node.op_type == "QuantizeLinear"))


def mixed_types(graph: ModelProto) -> str:
    tensor = next(tensor for tensor in graph.graph.initializer if tensor.name == "block_bias")
    replaced(graph, "block_bias", numpy_helper.to_array(tensor).astype(np.float16))
    return "block"


def unpaired(graph: ModelProto) -> str:
    graph.graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "other_scale"))
    node_of(graph, "sum_DequantizeLinear").input[1] = "other_scale"
    return "sum_QuantizeLinear"


def twice(graph: ModelProto) -> str:
    pair = [node_of(graph, f"sum_{kind}") for kind in ("QuantizeLinear", "DequantizeLinear")]
    place = list(graph.graph.node).index(pair[1]) + 1
    for node in reversed(pair):
        again = NodeProto()
        again.CopyFrom(node)
        again.name = f"again_{node.op_type}"
        again.output[0] = f"again_{node.output[0]}"
        if node is pair[1]:
            again.input[0] = f"again_{pair[0].output[0]}"
        graph.graph.node.insert(place, again)
    node_of(graph, "gate").input[0] = "again_sum_dequantized"
    return "again_QuantizeLinear"


def wrong_axis(graph: ModelProto) -> str:
    node_of(graph, "block_DequantizeLinear").attribute[0].i = 1
    return "block"


def float_weights(graph: ModelProto) -> str:
    graph.graph.initializer.append(numpy_helper.from_array(np.ones((16, 16, 3, 3), np.float32), "float_weights"))
    node_of(graph, "block").input[1] = "float_weights"
    return "block"


def quantised_sigmoid(graph: ModelProto) -> str:
    node_of(graph, "gate_open").input[0] = "sum_dequantized"
    return "gate_open"


def both_branches(graph: ModelProto) -> str:
    node_of(graph, "sum").input[0] = "stem_relu_dequantized"
    return "sum"


BREAKS: list[tuple[str, Change]] = [
    ("symmetric int8", no_zero_point),
    ("symmetric int8", uint8),
    ("symmetric int8", asymmetric),
    ("no integer bias", integer_bias),
    ("one positive scale, of weights one a channel", no_scale),
    ("one positive scale, of weights one a channel", half_scale_too_early),
    ("one floating-point type", mixed_types),
    ("Q and DQ in pairs", unpaired),
    ("one quantiser a tensor", twice),
    ("weights along their output channels", wrong_axis),
    ("all inputs of a layer", float_weights),
    ("no Q/DQ about sigmoid, softmax and outputs", quantised_sigmoid),
    ("residuals", both_branches),
]


def test_what_is_placed_breaks_no_rule() -> None:
    assert breaches_of(quantised()) == ()
    assert breaches_of(fp16_from_onnx(quantised())) == ()


def test_every_rule_has_a_graph_that_breaks_it() -> None:
    assert {rule for rule, _ in BREAKS} == set(RULES)


@pytest.mark.parametrize(("rule", "change"), BREAKS, ids=[change.__name__ for _, change in BREAKS])
def test_a_broken_rule_is_named_with_its_node(rule: str, change: Change) -> None:
    graph = onnx.load_from_string(quantised())
    node = change(graph)
    broken = bytes(graph.SerializeToString())
    assert (node, rule) in [(breach.node, breach.rule) for breach in breaches_of(broken)]
    with pytest.raises(ModelError, match="breaks the rule of Q/DQ"):
        require_rules(broken)
