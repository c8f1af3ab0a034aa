# SPDX-License-Identifier: Apache-2.0
"""An ONNX graph as the converters of precision read it: every node named, every tensor typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import onnx
from onnx import ModelProto, NodeProto, TensorProto, shape_inference

from edge.errors import ModelError

STANDARD_DOMAINS = ("", "ai.onnx")


def graph_from_bytes(model: bytes) -> ModelProto:
    """Return the model with a name of its own for every node; nodes that have one keep it.

    Raises `ModelError` when it is not an ONNX file.
    """
    try:
        graph = onnx.load_from_string(model)
    except Exception as error:  # protobuf's own, which has no stubs, and whatever a hostile file brings about
        raise ModelError(f"the model is not an ONNX file: {error}; export it again") from error
    often = Counter(node.name for node in graph.graph.node)
    for number, node in enumerate(graph.graph.node):
        if not node.name or often[node.name] > 1:
            node.name = f"{node.name or node.op_type}_{number}"
    return graph


def opset_of(model: ModelProto) -> int:
    """Return the version of the standard operators."""
    return next((entry.version for entry in model.opset_import if entry.domain in STANDARD_DOMAINS), 1)


def tensor_types(model: ModelProto, *, strict: bool = True) -> dict[str, int]:
    """Return the element type of every tensor that shape inference can tell.

    Where it fails it raises `ModelError`, or leaves out what it cannot tell unless `strict`.
    """
    try:
        graph = shape_inference.infer_shapes(model, strict_mode=strict, data_prop=True).graph
    except (shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise ModelError(f"the graph contradicts itself: {' '.join(str(error).split())[:200]}") from error
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        types[value.name] = value.type.tensor_type.elem_type
    return types


def float_tensors(model: ModelProto) -> tuple[str, ...]:
    """Return the float32 tensors that nodes produce, in the order of the graph."""
    types = tensor_types(model)
    return tuple(
        name for node in model.graph.node for name in node.output if name and types.get(name) == TensorProto.FLOAT
    )


def with_outputs(model: ModelProto, tensors: Iterable[str]) -> bytes:
    """Return the model as bytes, these tensors among its outputs."""
    wider = ModelProto()
    wider.CopyFrom(model)
    types = tensor_types(model)
    there = {value.name for value in wider.graph.output}
    for name in tensors:
        if name not in there:
            wider.graph.output.append(onnx.helper.make_tensor_value_info(name, types[name], None))
    return bytes(wider.SerializeToString())


def producers_of(model: ModelProto) -> dict[str, NodeProto]:
    """Return the node that produces each tensor."""
    return {name: node for node in model.graph.node for name in node.output}


def consumers_of(model: ModelProto) -> dict[str, list[NodeProto]]:
    """Return the nodes that read each tensor, each once."""
    readers: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in dict.fromkeys(node.input):
            readers.setdefault(name, []).append(node)
    return readers


def require_nodes(model: ModelProto, names: Collection[str]) -> None:
    """Raise `ModelError` when the graph has no node of one of these names."""
    unknown = sorted(set(names) - {node.name for node in model.graph.node})
    if unknown:
        raise ModelError(f"the graph has no node {unknown[0]!r}; name nodes as the ONNX file does")
