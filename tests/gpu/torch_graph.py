# SPDX-License-Identifier: Apache-2.0
"""`TorchGraph`: the ONNX operators that the shipped models have, done by PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

Attributes = Mapping[str, Any]
Operator = Callable[[list[Any], Attributes], Any]


class TorchGraph:
    """A model's graph with its weights on `device`; in float16 with `half`, its inputs and outputs still as they are.

    Raises `NotImplementedError` for an operator, or a form of one, that it does not know.
    """

    def __init__(self, model: bytes, *, device: torch.device, half: bool = False) -> None:
        graph = onnx.load_from_string(model).graph
        self.inputs = [value.name for value in graph.input]
        self.outputs = [value.name for value in graph.output]
        self._half = half
        # Shapes, axes and scales are needed by the host.
        self._for_host = {name for node in graph.node if node.op_type == "Resize" for name in node.input[1:]}
        self._constants: dict[str, Any] = {
            initializer.name: self._constant(initializer.name, numpy_helper.to_array(initializer), device)
            for initializer in graph.initializer
        }
        self._nodes: list[tuple[Operator, list[str], list[str], Attributes]] = []
        for node in graph.node:
            attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
            if node.op_type == "Constant":
                value = numpy_helper.to_array(attributes["value"])
                self._constants[node.output[0]] = self._constant(node.output[0], value, device)
            else:
                self._nodes.append((_operator(node.op_type), list(node.input), list(node.output), attributes))

    def __call__(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the outputs for `inputs`."""
        values: dict[str, Any] = dict(self._constants)
        values |= {name: value.half() if self._half else value for name, value in inputs.items()}
        for operator, names, results, attributes in self._nodes:
            result = operator([values[name] if name else None for name in names], attributes)
            values |= zip(results, result if isinstance(result, tuple) else (result,), strict=True)
        return {name: values[name].float() if self._half else values[name] for name in self.outputs}

    def _constant(self, name: str, value: NDArray[Any], device: torch.device) -> Any:
        if value.dtype.kind == "i" or name in self._for_host:
            return value
        weights = torch.from_numpy(np.array(value)).to(device)
        return weights.half() if self._half else weights


def _operator(name: str) -> Operator:
    if name not in _OPERATORS:
        raise NotImplementedError(f"TorchGraph does not know the operator {name}; it knows {', '.join(_OPERATORS)}")
    return _OPERATORS[name]


def _conv(inputs: list[Any], attributes: Attributes) -> Tensor:
    x, weights, *bias = inputs
    if attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise NotImplementedError("TorchGraph pads as `pads` says, not with auto_pad")
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    padding: tuple[int, int] = (top, left)
    if (top, left) != (bottom, right):
        x, padding = functional.pad(x, (left, right, top, bottom)), (0, 0)
    return functional.conv2d(
        x,
        weights,
        bias[0] if bias else None,
        stride=tuple(attributes.get("strides", (1, 1))),
        padding=padding,
        dilation=tuple(attributes.get("dilations", (1, 1))),
        groups=attributes.get("group", 1),
    )


def _gemm(inputs: list[Any], attributes: Attributes) -> Tensor:
    a, b, *bias = inputs
    if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
        raise NotImplementedError("TorchGraph multiplies with alpha and beta 1")
    a = a.T if attributes.get("transA") else a
    b = b.T if attributes.get("transB") else b
    return torch.addmm(bias[0], a, b) if bias else a @ b


def _split(inputs: list[Any], attributes: Attributes) -> tuple[Tensor, ...]:
    axis = attributes.get("axis", 0)
    if len(inputs) > 1:
        return torch.split(inputs[0], inputs[1].tolist(), dim=axis)
    return torch.chunk(inputs[0], attributes["num_outputs"], dim=axis)


def _resize(inputs: list[Any], attributes: Attributes) -> Tensor:
    x, scales = inputs[0], inputs[2]
    known = (b"nearest", b"asymmetric", b"floor")
    form = tuple(attributes.get(key) for key in ("mode", "coordinate_transformation_mode", "nearest_mode"))
    if form != known or scales is None:
        raise NotImplementedError(f"TorchGraph resizes to the nearest below, got {form}")
    factor = tuple(float(scale) for scale in scales[2:])
    return functional.interpolate(x, scale_factor=factor, mode="nearest")


def _reduce_mean(inputs: list[Any], attributes: Attributes) -> Tensor:
    axes = attributes["axes"] if len(inputs) == 1 else inputs[1].tolist()
    mean: Tensor = inputs[0].mean(dim=tuple(axes), keepdim=bool(attributes.get("keepdims", 1)))
    return mean


def _reshape(inputs: list[Any], attributes: Attributes) -> Tensor:
    shape = inputs[1].tolist()
    if 0 in shape and not attributes.get("allowzero"):
        shape = [inputs[0].shape[axis] if size == 0 else size for axis, size in enumerate(shape)]
    reshaped: Tensor = inputs[0].reshape(shape)
    return reshaped


_OPERATORS: dict[str, Operator] = {
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "AveragePool": lambda inputs, attributes: functional.avg_pool2d(
        inputs[0], attributes["kernel_shape"], attributes.get("strides")
    ),
    "Concat": lambda inputs, attributes: torch.cat(inputs, dim=attributes["axis"]),
    "Conv": _conv,
    "Flatten": lambda inputs, attributes: inputs[0].flatten(attributes.get("axis", 1)),
    "Gemm": _gemm,
    "Identity": lambda inputs, _: inputs[0],
    "MatMul": lambda inputs, _: inputs[0] @ inputs[1],
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "ReduceMean": _reduce_mean,
    "Relu": lambda inputs, _: functional.relu(inputs[0]),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": lambda inputs, _: torch.sigmoid(inputs[0]),
    "Split": _split,
    "Transpose": lambda inputs, attributes: inputs[0].permute(attributes["perm"]),
}
