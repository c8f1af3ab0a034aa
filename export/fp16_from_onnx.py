# SPDX-License-Identifier: Apache-2.0
"""FP16 in the graph: half-precision weights and tensors, casts where float32 begins and ends.

The usual converters cast what a float32 node gives to FP16 even where the next node is float32 too, so that what
overflows does so between them. Here a cast stands only where the type changes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from edge.errors import ModelError
from export.onnx_from_module import checked_bytes
from export.onnx_graph import graph_from_bytes, require_nodes, tensor_types

# Operators without an FP16 form, or with a type in an attribute that is easier to leave.
ALWAYS_FLOAT = frozenset(
    {"EyeLike", "NonMaxSuppression", "Range", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)
# Inputs that are float32 whatever the others are.
FLOAT_INPUTS = {"Resize": (1, 2), "Upsample": (1,)}


def fp16_from_onnx(model: bytes, *, keep: Collection[str] = (), half_io: bool = False) -> bytes:
    """Return the model in FP16 but for the nodes named in `keep`; inputs and outputs stay float32 unless `half_io`.

    Raises `ModelError` for a name that no node has, for a graph within a graph, and when the result is not valid ONNX.
    """
    graph = graph_from_bytes(model)
    require_nodes(graph, keep)
    nested = next((n for n in graph.graph.node if any(a.HasField("g") or a.graphs for a in n.attribute)), None)
    if nested is not None:
        raise ModelError(f"node {nested.name!r} is a {nested.op_type} with a graph of its own, which stays float32")
    _Writer(graph, frozenset(keep), half_io=half_io).write()
    try:
        return checked_bytes(graph)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise ModelError(f"the model cannot be written in FP16: {' '.join(str(error).split())[:300]}") from error


@dataclass(slots=True)
class _Writer:
    graph: ModelProto
    keep: frozenset[str]
    half_io: bool
    nodes: list[NodeProto] = field(default_factory=list)
    # The name of each float tensor in either type, where it is there.
    names: dict[tuple[str, int], str] = field(default_factory=dict)
    constants: dict[str, TensorProto] = field(default_factory=dict)
    floats: frozenset[str] = frozenset()

    def write(self) -> None:
        """Change the graph."""
        graph = self.graph.graph
        types = tensor_types(self.graph)
        self.floats = frozenset(name for name, kind in types.items() if kind == TensorProto.FLOAT)
        self.constants = {tensor.name: tensor for tensor in graph.initializer if tensor.name in self.floats}
        outer = TensorProto.FLOAT16 if self.half_io else TensorProto.FLOAT
        for value in (*graph.input, *graph.output):
            if value.name in self.floats:
                value.type.tensor_type.elem_type = outer
        self.names |= {(value.name, outer): value.name for value in graph.input if value.name in self.floats}
        outputs = {value.name for value in graph.output}
        for node in graph.node:
            self._add(node, outputs, outer)
        del graph.node[:]
        graph.node.extend(self.nodes)
        read = {name for node in self.nodes for name in node.input} | outputs
        kept = [tensor for tensor in graph.initializer if tensor.name in read]
        del graph.initializer[:]
        graph.initializer.extend(kept)

    def _add(self, node: NodeProto, outputs: Collection[str], outer: int) -> None:
        is_float = node.name in self.keep or node.op_type in ALWAYS_FLOAT
        own = TensorProto.FLOAT if is_float else TensorProto.FLOAT16
        for position, name in enumerate(node.input):
            if name in self.floats:
                fixed = position in FLOAT_INPUTS.get(node.op_type, ())
                node.input[position] = self._named(name, TensorProto.FLOAT if fixed else own)
        if not is_float:
            _halve_attributes(node)
        self.nodes.append(node)
        for position, name in enumerate(node.output):
            if name not in self.floats:
                continue
            if name in outputs and own != outer:
                # The output keeps its name, what is within the graph gets another.
                node.output[position] = f"{name}_within"
                self.names[name, own] = f"{name}_within"
                self.nodes.append(_cast(f"{name}_within", name, outer))
                self.names[name, outer] = name
            else:
                self.names[name, own] = name

    def _named(self, name: str, kind: int) -> str:
        """Return the name of a tensor in one type, after a cast where it is there in the other only."""
        if (name, kind) in self.names:
            return self.names[name, kind]
        if name in self.constants:
            if kind == TensorProto.FLOAT:
                return name
            half = numpy_helper.from_array(_halved(numpy_helper.to_array(self.constants[name])), f"{name}_half")
            self.graph.graph.initializer.append(half)
            self.names[name, kind] = half.name
            return half.name
        other = TensorProto.FLOAT if kind == TensorProto.FLOAT16 else TensorProto.FLOAT16
        target = f"{name}_{'half' if kind == TensorProto.FLOAT16 else 'float'}"
        self.nodes.append(_cast(self.names[name, other], target, kind))
        self.names[name, kind] = target
        return target


def _cast(source: str, target: str, kind: int) -> NodeProto:
    return helper.make_node("Cast", [source], [target], f"{target}_Cast", to=kind)


def _halved(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return the values in FP16; what is too large becomes the largest it holds."""
    largest = float(np.finfo(np.float16).max)
    return values.clip(-largest, largest).astype(np.float16)


def _halve_attributes(node: NodeProto) -> None:
    """Make a node that states its type, or holds a constant, speak of FP16."""
    for attribute in node.attribute:
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.FLOAT16
        elif attribute.name == "value" and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(numpy_helper.from_array(_halved(numpy_helper.to_array(attribute.t))))
        elif attribute.name in {"value_float", "value_floats"}:
            values = np.array(attribute.floats or attribute.f, np.float32)
            attribute.CopyFrom(helper.make_attribute("value", numpy_helper.from_array(_halved(values))))
    if node.op_type == "ConstantOfShape" and not node.attribute:
        node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(np.zeros(1, np.float16))))
