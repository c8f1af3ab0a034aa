# SPDX-License-Identifier: Apache-2.0
"""What FP16 costs, computed on a CPU.

ONNX Runtime has no half-precision kernels for most operators on a CPU: it computes them in float32, and what would
overflow on a GPU does not. Here every tensor goes through half precision and back, as GPUs store them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from edge.bundle.tensors import InputTensor, KeypointInput
from edge.runners.onnxruntime import OnnxRuntimeRunner
from export.onnx_graph import float_tensors, graph_from_bytes, require_nodes, tensor_types, with_outputs

# A GPU sums in float32 and rounds at the end; another order of summation must not overflow either.
LARGEST_SAFE = 32752.0
# Rounding to half precision costs 2e-4 of a tensor's root mean square; beyond this its values are subnormal.
MOST_RELATIVE_LOSS = 1e-3


@dataclass(frozen=True, slots=True)
class HalfLoss:
    """What half precision does to a tensor: its largest magnitude, and the rounding error as a share of its size."""

    max_abs: float
    relative: float

    @property
    def reason(self) -> str | None:
        """Why the tensor must stay float32, None where it need not."""
        if not self.max_abs <= LARGEST_SAFE:
            return f"values up to {self.max_abs:.3g} overflow"
        if self.relative > MOST_RELATIVE_LOSS:
            return f"rounding costs {self.relative:.1%} of its size"
        return None


def half_losses(
    model: bytes, contract_input: InputTensor | KeypointInput, inputs: Sequence[NDArray[np.float32]]
) -> dict[str, HalfLoss]:
    """Return the loss of every float32 tensor, weights included, over these inputs (N, ...)."""
    graph = graph_from_bytes(model)
    sums: dict[str, NDArray[np.float64]] = {}
    for tensor in graph.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            _add(sums, tensor.name, numpy_helper.to_array(tensor))
    tensors = float_tensors(graph)
    with OnnxRuntimeRunner(with_outputs(graph, tensors), inputs=(contract_input.spec(),)) as runner:
        for values in inputs:
            runner.input_buffer(contract_input.name, values.shape)[:] = values
            answers = runner.infer()
            for name in tensors:
                _add(sums, name, answers[name])
    return {
        name: HalfLoss(float(largest), float(np.sqrt(error / square)) if square else 0.0)
        for name, (largest, error, square) in sums.items()
    }


def nodes_to_keep(model: bytes, losses: Mapping[str, HalfLoss]) -> dict[str, str]:
    """Return the nodes that must stay float32, each with its reason."""
    kept: dict[str, str] = {}
    for node in graph_from_bytes(model).graph.node:
        for name in (*node.output, *node.input):
            reason = losses[name].reason if name in losses else None
            if reason is not None:
                kept.setdefault(node.name, f"{name}: {reason}")
    return kept


def half_rounded(model: bytes, *, keep: Collection[str] = ()) -> bytes:
    """Return a float32 model that computes what the same in FP16 does, but for the nodes named in `keep`.

    Raises `ModelError` for a name that no node has.
    """
    graph = graph_from_bytes(model)
    require_nodes(graph, keep)
    types = tensor_types(graph)
    halved = [node for node in graph.graph.node if node.name not in keep]
    _round_weights(graph, {name for node in halved for name in node.input}, keep)
    nodes: list[NodeProto] = []
    for value in graph.graph.input:
        if types[value.name] == TensorProto.FLOAT:
            nodes += _rounding(value.name, f"{value.name}_rounded")
            for node in halved:
                _rename(node, value.name, f"{value.name}_rounded")
    for node in graph.graph.node:
        nodes.append(node)
        if node.name in keep:
            continue
        for position, name in enumerate(node.output):
            if types.get(name) == TensorProto.FLOAT:
                node.output[position] = f"{name}_exact"
                nodes += _rounding(f"{name}_exact", name)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    return bytes(graph.SerializeToString())


def _add(sums: dict[str, NDArray[np.float64]], name: str, values: NDArray[np.float32]) -> None:
    """Add a tensor's largest magnitude, squared rounding error and squared size."""
    if not values.size:
        return
    with np.errstate(over="ignore"):
        error = values.astype(np.float16).astype(np.float32) - values
    error = np.where(np.isfinite(error), error, 0)
    row = sums.setdefault(name, np.zeros(3))
    row[0] = max(row[0], float(np.abs(values).max()))
    row[1] += float(np.square(error, dtype=np.float64).sum())
    row[2] += float(np.square(values, dtype=np.float64).sum())


def _round_weights(graph: ModelProto, read: Collection[str], keep: Collection[str]) -> None:
    spared = {name for node in graph.graph.node if node.name in keep for name in node.input}
    for tensor in graph.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and tensor.name in read and tensor.name not in spared:
            largest = float(np.finfo(np.float16).max)
            values = numpy_helper.to_array(tensor).clip(-largest, largest).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))


def _rounding(source: str, target: str) -> tuple[NodeProto, NodeProto]:
    half = f"{target}_half"
    return (
        helper.make_node("Cast", [source], [half], to=TensorProto.FLOAT16),
        helper.make_node("Cast", [half], [target], to=TensorProto.FLOAT),
    )


def _rename(node: NodeProto, before: str, after: str) -> None:
    for position, name in enumerate(node.input):
        if name == before:
            node.input[position] = after
