# SPDX-License-Identifier: Apache-2.0
"""INT8 in the graph: symmetric Q/DQ pairs about activations, INT8 weights with a scale for each output channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, version_converter

from calibration.placement import Placement, WeightedLayer
from calibration.thresholds import STEPS
from edge.errors import ModelError
from export.onnx_from_module import checked_bytes
from export.onnx_graph import graph_from_bytes, opset_of

# From here on scales may be FP16.
QDQ_OPSET = 19


def lifted(model: bytes, opset: int = QDQ_OPSET) -> bytes:
    """Return the model written for at least `opset`. Raises `ModelError` when an operator cannot be lifted."""
    graph = graph_from_bytes(model)
    if opset_of(graph) >= opset:
        return model
    names = {tuple(node.output): node.name for node in graph.graph.node}
    try:
        higher = version_converter.convert_version(graph, opset)
        for node in higher.graph.node:
            node.name = names.get(tuple(node.output), node.name)
        return checked_bytes(higher)
    except (RuntimeError, version_converter.ConvertError, onnx.checker.ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the model cannot be lifted to opset {opset}, which INT8 needs: {reason}") from error


def qdq_from_onnx(model: bytes, placement: Placement, thresholds: Mapping[str, float]) -> bytes:
    """Return the model with what `placement` names in INT8; `thresholds` are the magnitudes that become 127.

    Raises `ModelError` when a tensor has no threshold or the result is not valid ONNX.
    """
    missing = sorted(set(placement.tensors) - set(thresholds))
    if missing:
        raise ModelError(f"tensor {missing[0]!r} has no range; calibrate it")
    graph = graph_from_bytes(lifted(model))
    writer = _Writer(graph, placement, thresholds)
    writer.write()
    try:
        return checked_bytes(graph)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"the INT8 graph is not valid: {' '.join(str(error).split())[:300]}") from error


def half_scale(threshold: float | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scale of a threshold, rounded up to what FP16 can hold, so that nothing more is cut off; 1 for 0."""
    exact = np.asarray(threshold, np.float32) / STEPS
    half = exact.astype(np.float16)
    half = np.where(half.astype(np.float32) < exact, np.nextafter(half, np.float16(np.inf)), half)
    return np.where(half == 0, np.float32(1), half.astype(np.float32)).astype(np.float32)


@dataclass(slots=True)
class _Writer:
    graph: ModelProto
    placement: Placement
    thresholds: Mapping[str, float]
    nodes: list[NodeProto] = field(default_factory=list)
    weights_done: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        layers = {layer.node: layer for layer in self.placement.layers}
        residuals = dict(self.placement.residuals)
        quantised = set(self.placement.tensors)
        for value in self.graph.graph.input:
            if value.name in quantised:
                self._pair(value.name)
        for node in self.graph.graph.node:
            if node.name in layers:
                layer = layers[node.name]
                node.input[0] = f"{layer.activation}_dequantized"
                node.input[1] = self._weights(layer)
            elif node.name in residuals:
                names = list(node.input)
                names[names.index(residuals[node.name])] = f"{residuals[node.name]}_dequantized"
                node.input[:] = names
            self.nodes.append(node)
            for name in node.output:
                if name in quantised:
                    self._pair(name)
        del self.graph.graph.node[:]
        self.graph.graph.node.extend(self.nodes)
        read = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self.graph.graph.initializer if tensor.name in read]
        del self.graph.graph.initializer[:]
        self.graph.graph.initializer.extend(kept)

    def _pair(self, name: str) -> None:
        scale = half_scale(self.thresholds[name])
        parameters = self._constant(f"{name}_scale", scale), self._constant(f"{name}_zero", np.zeros((), np.int8))
        quantised, back = f"{name}_quantized", f"{name}_dequantized"
        self.nodes += [
            helper.make_node("QuantizeLinear", [name, *parameters], [quantised], f"{name}_QuantizeLinear"),
            helper.make_node("DequantizeLinear", [quantised, *parameters], [back], f"{name}_DequantizeLinear"),
        ]

    def _weights(self, layer: WeightedLayer) -> str:
        back = f"{layer.weights}_dequantized"
        if layer.weights in self.weights_done:
            return self.weights_done[layer.weights]
        tensor = next(one for one in self.graph.graph.initializer if one.name == layer.weights)
        values = numpy_helper.to_array(tensor)
        others = tuple(axis for axis in range(values.ndim) if axis != layer.axis)
        scale = half_scale(np.abs(values).max(axis=others))
        steps = np.round(values / np.expand_dims(scale, others)).clip(-STEPS, STEPS).astype(np.int8)
        names = [
            self._constant(f"{layer.weights}_int8", steps),
            self._constant(f"{layer.weights}_scale", scale),
            self._constant(f"{layer.weights}_zero", np.zeros(scale.shape, np.int8)),
        ]
        name = f"{layer.weights}_DequantizeLinear"
        self.nodes.append(helper.make_node("DequantizeLinear", names, [back], name, axis=layer.axis))
        self.weights_done[layer.weights] = back
        return back

    def _constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int8]) -> str:
        tensor: TensorProto = numpy_helper.from_array(values, name)
        self.graph.graph.initializer.append(tensor)
        return name
