# SPDX-License-Identifier: Apache-2.0
"""What TensorRT wants of Q/DQ in a graph, rule by rule; it refuses some breaches and takes others in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from calibration.placement import weighted_layer
from edge.errors import ModelError
from export.onnx_graph import consumers_of, graph_from_bytes, opset_of, producers_of, tensor_types

QUANTISERS = {"QuantizeLinear", "DequantizeLinear"}
# Their values lie close to the ends of a small range, where 255 steps are too few.
LEFT_FLOAT = {"HardSigmoid", "LogSoftmax", "Sigmoid", "Softmax"}
HALF_SCALES_FROM = 19


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a node breaks, and how."""

    node: str
    rule: str
    told: str


def breaches_of(model: bytes) -> tuple[Breach, ...]:
    """Return every breach of a rule, in the order of `RULES`."""
    view = _View(graph_from_bytes(model))
    return tuple(Breach(node, rule, told) for rule, check in RULES.items() for node, told in check(view))


def require_rules(model: bytes) -> None:
    """Raise `ModelError` that names the offending node when a rule is broken."""
    breaches = breaches_of(model)
    if breaches:
        first = breaches[0]
        more = f" (and {len(breaches) - 1} more)" if len(breaches) > 1 else ""
        raise ModelError(f"node {first.node!r} breaks the rule of Q/DQ {first.rule!r}: {first.told}{more}")


class _View:
    """A graph with what the rules ask of it."""

    def __init__(self, model: ModelProto) -> None:
        self.opset = opset_of(model)
        self.nodes = list(model.graph.node)
        self.producers, self.consumers = producers_of(model), consumers_of(model)
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.types = tensor_types(model, strict=False)
        self.outputs = {value.name for value in model.graph.output}
        self.shapes = {name: tuple(tensor.dims) for name, tensor in self.constants.items()}

    @property
    def quantisers(self) -> list[NodeProto]:
        return [node for node in self.nodes if node.op_type in QUANTISERS]

    def value(self, name: str) -> NDArray[np.float64] | None:
        tensor = self.constants.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor).astype(np.float64)

    def of_weights(self, node: NodeProto) -> bool:
        """Return whether the pair quantises a constant."""
        source = node.input[0]
        producer = self.producers.get(source)
        return source in self.constants or (producer is not None and producer.input[0] in self.constants)

    def shape_of_weights(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of the constant behind a dequantised tensor."""
        while name in self.producers and self.producers[name].op_type in QUANTISERS:
            name = self.producers[name].input[0]
        return self.shapes.get(name)


Found = Iterator[tuple[str, str]]


def _zero_points(view: _View) -> Found:
    for node in view.quantisers:
        zero = node.input[2] if len(node.input) > 2 else ""
        if not zero:
            yield node.name, "it has no zero point, which means uint8; give an int8 one of 0"
        elif view.types.get(zero) != TensorProto.INT8:
            told = TensorProto.DataType.Name(view.types.get(zero, 0)).lower()
            yield node.name, f"its zero point is {told}; write int8"
        elif (values := view.value(zero)) is None or values.any():
            yield node.name, "its zero point is not a constant 0; quantise symmetrically"


def _no_integer_bias(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type == "DequantizeLinear" and view.types.get(node.input[0]) == TensorProto.INT32:
            yield node.name, "it dequantises int32, a bias; leave the bias in floating point"


def _scales(view: _View) -> Found:
    for node in view.quantisers:
        values = view.value(node.input[1])
        if values is None or not (np.isfinite(values) & (values > 0)).all():
            yield node.name, "its scale must be a constant above 0"
        elif values.size > 1 and not view.of_weights(node):
            yield node.name, f"its scale has {values.size} values; an activation has one for the whole tensor"
        elif view.types.get(node.input[1]) == TensorProto.FLOAT16 and view.opset < HALF_SCALES_FROM:
            yield node.name, f"its scale is FP16, which opset {view.opset} does not know; lift to {HALF_SCALES_FROM}"


def _same_float(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type not in QUANTISERS and any(_dequantised(view, name) for name in node.input):
            types = {view.types.get(name) for name in node.input if name}
            if len(types & {TensorProto.FLOAT, TensorProto.FLOAT16}) > 1:
                yield (
                    node.name,
                    "its inputs are FP16 and FP32 at once; scales must have the type of the other inputs",
                )


def _pairs(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type == "QuantizeLinear":
            for reader in view.consumers.get(node.output[0], []):
                if reader.op_type != "DequantizeLinear" or list(reader.input[1:3]) != list(node.input[1:3]):
                    yield (
                        node.name,
                        f"{reader.name!r} reads it, not a DequantizeLinear with the same scale",
                    )
        elif node.op_type == "DequantizeLinear" and node.input[0] not in view.constants:
            producer = view.producers.get(node.input[0])
            if producer is None or producer.op_type != "QuantizeLinear":
                yield node.name, "it reads neither a QuantizeLinear nor a constant"


def _one_quantiser(view: _View) -> Found:
    for name, readers in view.consumers.items():
        own = [node for node in readers if node.op_type == "QuantizeLinear" and node.input[0] == name]
        if len(own) > 1:
            yield own[1].name, f"tensor {name!r} is quantised already by {own[0].name!r}; share it"


def _axes(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type not in {"Conv", "ConvTranspose", "Gemm", "MatMul"} or not _dequantised(view, node.input[1]):
            continue
        shape = view.shape_of_weights(node.input[1])
        layer = None if shape is None else weighted_layer(node, {node.input[1]: shape})
        pair = view.producers[node.input[1]]
        scale = view.value(pair.input[1])
        if layer is None or shape is None or scale is None or scale.size == 1:
            continue
        axis = next((one.i for one in pair.attribute if one.name == "axis"), 1)
        if axis != layer.axis or scale.size != shape[layer.axis]:
            yield (
                node.name,
                f"its weights {shape} have {scale.size} scales along axis {axis}, not {layer.axis}",
            )


def _both_inputs(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type in {"Conv", "ConvTranspose", "Gemm"}:
            activation, weights = (_dequantised(view, name) for name in node.input[:2])
            if activation != weights:
                there, missing = ("activation", "weights") if activation else ("weights", "activation")
                yield node.name, f"its {there} is quantised and its {missing} is not"


def _left_float(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type in LEFT_FLOAT:
            readers = [reader for name in node.output for reader in view.consumers.get(name, [])]
            if any(_dequantised(view, name) for name in node.input) or any(r.op_type in QUANTISERS for r in readers):
                yield node.name, f"there is Q/DQ about a {node.op_type}; leave it in floating point"
    for node in view.quantisers:
        if view.outputs & {*node.output}:
            yield node.name, "it produces an output of the model; leave outputs in floating point"


def _residuals(view: _View) -> Found:
    for node in view.nodes:
        if node.op_type == "Add" and len(node.input) == 2 and all(_dequantised(view, name) for name in node.input):
            yield node.name, "both its inputs are quantised; quantise the branch that skips alone, the other one fuses"


def _dequantised(view: _View, name: str) -> bool:
    producer = view.producers.get(name)
    return producer is not None and producer.op_type == "DequantizeLinear"


RULES: dict[str, Callable[[_View], Found]] = {
    "symmetric int8": _zero_points,
    "no integer bias": _no_integer_bias,
    "one positive scale, of weights one a channel": _scales,
    "one floating-point type": _same_float,
    "Q and DQ in pairs": _pairs,
    "one quantiser a tensor": _one_quantiser,
    "weights along their output channels": _axes,
    "all inputs of a layer": _both_inputs,
    "no Q/DQ about sigmoid, softmax and outputs": _left_float,
    "residuals": _residuals,
}
