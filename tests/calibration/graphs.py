# SPDX-License-Identifier: Apache-2.0
"""Small graphs with all that quantisation meets, and real models made hard to lower."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export.onnx_graph import graph_from_bytes


def residual_model(*, seed: int = 0, channels: int = 16) -> bytes:
    """Return a small network: stem, residual block, gate, depthwise layer and a head of five classes."""
    rng = np.random.default_rng(seed)
    shapes = {
        "stem": (channels, 3, 3, 3),
        "block": (channels, channels, 3, 3),
        "gate": (channels, channels, 1, 1),
        "depth": (channels, 1, 3, 3),
        "wide": (32, channels, 1, 1),
    }
    weights = [constant(name, rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape)) for name, shape in shapes.items()]
    weights += [constant(f"{name}_bias", rng.normal(0, 0.1, shape[0])) for name, shape in shapes.items()]
    weights += [constant("head", rng.normal(0, 0.2, (5, 32))), constant("head_bias", np.zeros(5))]
    nodes = [
        conv("stem", "image", "stem_out", pads=3 * [1] + [1]),
        helper.make_node("Relu", ["stem_out"], ["stem_relu"], "stem_relu"),
        conv("block", "stem_relu", "block_out", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["block_out", "stem_relu"], ["sum"], "sum"),
        conv("gate", "sum", "gate_out"),
        helper.make_node("Sigmoid", ["gate_out"], ["gate_open"], "gate_open"),
        helper.make_node("Mul", ["sum", "gate_open"], ["gated"], "gated"),
        conv("depth", "gated", "depth_out", group=channels, pads=[1, 1, 1, 1]),
        conv("wide", "depth_out", "wide_out"),
        helper.make_node("GlobalAveragePool", ["wide_out"], ["pooled"], "pooled"),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "head", "head_bias"], ["classes"], "head", transB=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])
    classes = helper.make_tensor_value_info("classes", TensorProto.FLOAT, ["batch", 5])
    graph = helper.make_graph(nodes, "residual", [image], [classes], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def conv(name: str, source: str, target: str, **attributes: Any) -> NodeProto:
    """Return a convolution with the weights of its name."""
    return helper.make_node("Conv", [source, name, f"{name}_bias"], [target], name, **attributes)


def constant(name: str, values: NDArray[np.float64]) -> TensorProto:
    """Return a float32 constant."""
    return numpy_helper.from_array(values.astype(np.float32), name)


def chained(graph: ModelProto) -> tuple[NodeProto, NodeProto]:
    """Return two convolutions of which the second alone reads what the first gives after its ReLU."""
    readers: dict[str, list[NodeProto]] = {}
    for node in graph.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for node in graph.graph.node:
        relus = readers.get(node.output[0], []) if node.op_type == "Conv" else []
        if len(relus) == 1 and relus[0].op_type == "Relu":
            after = readers.get(relus[0].output[0], [])
            grouped = [one.i for one in (after[0].attribute if after else ()) if one.name == "group" and one.i > 1]
            if len(after) == 1 and after[0].op_type == "Conv" and not grouped:
                return node, after[0]
    raise AssertionError("the graph has no two convolutions in a row")


def loudened(model: bytes, factor: float, *, channel: int | None = None) -> tuple[bytes, NodeProto, NodeProto]:
    """Return the model with the tensor between two convolutions `factor` times as large, or one channel of it.

    In float32 it computes the same. Returns the two nodes too.
    """
    graph = graph_from_bytes(model)
    first, second = chained(graph)
    rows = slice(None) if channel is None else slice(channel, channel + 1)
    tensors = {tensor.name: tensor for tensor in graph.graph.initializer}
    for name in first.input[1:]:
        values = numpy_helper.to_array(tensors[name]).copy()
        values[rows] *= factor
        tensors[name].CopyFrom(numpy_helper.from_array(values, name))
    values = numpy_helper.to_array(tensors[second.input[1]]).copy()
    values[:, rows] /= factor
    tensors[second.input[1]].CopyFrom(numpy_helper.from_array(values, second.input[1]))
    return bytes(graph.SerializeToString()), first, second
