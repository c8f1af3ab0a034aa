# SPDX-License-Identifier: Apache-2.0
"""`Placement`: which tensors of a graph TensorRT wants quantised, and which layers are left alone.

Source: NVIDIA, "TensorRT: Working with Quantized Types", Q/DQ layer-placement recommendations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from onnx import AttributeProto, ModelProto, NodeProto, TensorProto

from export.onnx_graph import consumers_of, producers_of

# What TensorRT computes together with the layer before it.
ACTIVATIONS = {"Clip", "LeakyRelu", "Relu"}
LEAST_CHANNELS = 16
GROUPED_MULTIPLE = 8


@dataclass(frozen=True, slots=True)
class WeightedLayer:
    """A layer with constant weights: its node, the tensor it reads, its weights and their axis of output channels."""

    node: str
    activation: str
    weights: str
    axis: int


@dataclass(frozen=True, slots=True)
class Placement:
    """What becomes INT8: `layers` whole, and of the additions in `residuals` (node, tensor) the branch that skips."""

    layers: tuple[WeightedLayer, ...]
    residuals: tuple[tuple[str, str], ...]

    @property
    def tensors(self) -> tuple[str, ...]:
        """The activations that need a range, each once."""
        names = [layer.activation for layer in self.layers] + [tensor for _, tensor in self.residuals]
        return tuple(dict.fromkeys(names))


def weighted_layer(node: NodeProto, shapes: dict[str, tuple[int, ...]]) -> WeightedLayer | None:
    """Return the layer that a node is, None where it has no constant weights; `shapes` are those of the constants."""
    if node.op_type not in {"Conv", "ConvTranspose", "Gemm", "MatMul"} or node.input[1] not in shapes:
        return None
    axis = {"Conv": 0, "ConvTranspose": 1, "MatMul": 1, "Gemm": 0 if _attribute(node, "transB", 0) else 1}
    return WeightedLayer(node.name, node.input[0], node.input[1], axis[node.op_type])


def weight_shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """Return the shape of every float constant that can be the weights of a layer."""
    return {
        tensor.name: tuple(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) >= 2
    }


def placement_of(model: ModelProto, *, keep: Collection[str] = ()) -> Placement:
    """Return what becomes INT8 when the nodes in `keep` do not.

    The last layer before each output stays as it is, as do layers too small to gain and transposed convolutions, whose
    INT8 kernels are slower or missing.
    """
    shapes = weight_shapes(model)
    left = {*keep, *_last_layers(model, shapes)}
    layers = tuple(
        layer
        for node in model.graph.node
        if node.name not in left
        and (layer := weighted_layer(node, shapes)) is not None
        and _gains(node, shapes[layer.weights])
    )
    return Placement(layers, tuple(_residuals(model, {layer.node for layer in layers}, keep)))


def _gains(node: NodeProto, shape: tuple[int, ...]) -> bool:
    if node.op_type == "Conv":
        group = _attribute(node, "group", 1)
        return max(shape[:2]) >= LEAST_CHANNELS if group == 1 else shape[0] % GROUPED_MULTIPLE == 0
    return node.op_type in {"Gemm", "MatMul"} and min(shape) >= LEAST_CHANNELS


def _last_layers(model: ModelProto, shapes: dict[str, tuple[int, ...]]) -> set[str]:
    """Return the layers from which an output is reached through nothing that has weights."""
    producers = producers_of(model)
    pending = [value.name for value in model.graph.output]
    seen: set[str] = set()
    last = set()
    while pending:
        node = producers.get(pending.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if weighted_layer(node, shapes) is not None:
            last.add(node.name)
        else:
            pending += node.input
    return last


def _residuals(model: ModelProto, layers: Collection[str], keep: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each addition to the output of a quantised layer that nobody else reads, with the branch that skips it."""
    producers, consumers = producers_of(model), consumers_of(model)
    constants = {tensor.name for tensor in model.graph.initializer}

    def fused(name: str) -> bool:
        producer = producers.get(name)
        if producer is None or len(consumers[name]) > 1:
            return False
        return producer.name in layers or (producer.op_type in ACTIVATIONS and fused(producer.input[0]))

    for node in model.graph.node:
        if node.op_type != "Add" or node.name in keep or constants & {*node.input}:
            continue
        inside = [name for name in node.input if fused(name)]
        skipping = [name for name in node.input if name not in inside]
        if inside:
            yield node.name, (skipping or inside[1:])[0]


def _attribute(node: NodeProto, name: str, default: int) -> int:
    found: AttributeProto | None = next((one for one in node.attribute if one.name == name), None)
    return default if found is None else int(found.i)
