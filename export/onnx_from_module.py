# SPDX-License-Identifier: Apache-2.0
"""A PyTorch module to ONNX bytes that hold the graph and nothing about the machine that made them."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, cast

import onnx
import torch
from onnx import ModelProto
from torch import nn

from edge.bundle.contract import ModelContract
from edge.bundle.tensors import InputTensor, KeypointInput
from edge.errors import ModelError

# 18 is what PyTorch's exporter is written for and what the quantisers take; TensorRT has parsed it since 8.6.
OPSET = 18


def onnx_from_module(module: nn.Module, contract: ModelContract) -> bytes:
    """Return `module` as ONNX of opset 18, inputs and outputs named and shaped as `contract` says.

    Raises `ModelError` when PyTorch cannot export it or the result is not valid ONNX.
    """
    wanted = contract.input.spec()
    # A dynamic dimension is traced at 2: PyTorch takes a 1 for a constant.
    sizes = [size if isinstance(size, int) else 2 * _step(contract.input, size) for size in wanted.shape]
    dynamic = {
        axis: _free_dimension(contract.input, size) for axis, size in enumerate(wanted.shape) if isinstance(size, str)
    }
    try:
        with _quiet():
            program = torch.onnx.export(
                module.eval(),
                (torch.zeros(sizes),),
                dynamo=True,
                opset_version=OPSET,
                input_names=[contract.input.name],
                output_names=[output.name for output in contract.outputs],
                dynamic_shapes=(dynamic,) if dynamic else None,
                verbose=False,
            )
        model = cast("torch.onnx.ONNXProgram", program).model_proto
        _name_dimensions(model, contract)
        return checked_bytes(model)
    except (torch.onnx.errors.OnnxExporterError, onnx.checker.ValidationError, RuntimeError) as error:
        raise ModelError(f"PyTorch {torch.__version__} could not export the model: {_first_line(error)}") from error


def checked_bytes(model: ModelProto) -> bytes:
    """Return the model as bytes, without paths and notes of the tools; the same model gives the same bytes.

    Raises `onnx.checker.ValidationError` when it is not valid.
    """
    for part in (model, model.graph, *model.graph.node, *model.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for part in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    # Shapes between the nodes are inferred by whoever needs them.
    model.graph.ClearField("value_info")
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _step(contract: InputTensor | KeypointInput, symbol: str) -> int:
    return 1 if symbol == "batch" or isinstance(contract, KeypointInput) else contract.multiple_px or 1


def _free_dimension(contract: InputTensor | KeypointInput, symbol: str) -> Any:
    """Return a dimension that varies within the contract: the batch freely, a side in multiples."""
    if symbol == "batch" or isinstance(contract, KeypointInput):
        return torch.export.Dim("batch", min=contract.min_batch, max=contract.max_batch)
    step = _step(contract, symbol)
    side_px = contract.height_px if symbol == "height" else contract.width_px
    return step * torch.export.Dim(f"{symbol}_steps", min=1, max=side_px // step)


def _name_dimensions(model: ModelProto, contract: ModelContract) -> None:
    """Give the dimensions of inputs and outputs the names of the contract instead of the tracer's."""
    shapes: dict[str, Sequence[int | str]] = {output.name: output.shape for output in contract.outputs}
    shapes[contract.input.name] = contract.input.spec().shape
    for value in (*model.graph.input, *model.graph.output):
        for dimension, wanted in zip(value.type.tensor_type.shape.dim, shapes[value.name], strict=True):
            if not dimension.HasField("dim_value"):
                dimension.dim_param = str(wanted)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what PyTorch says to its own developers from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
