# SPDX-License-Identifier: Apache-2.0
"""`BoundModel`: a model with memory of the GPU for its inputs and outputs, and as many runs as its rows need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from edge.bundle.contract import ModelContract
from edge.errors import BundleFormatError
from edge.gpu.arrays import DeviceType
from edge.gpu.device import Gpu, Stream
from edge.gpu.zeroed import zeroed
from edge.runners.stream_model import Execution, StreamModel
from edge.runners.tensor_spec import TensorSpec


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows `first` to `first + rows` of the hands, and where the model has them; its tensors may have more rows."""

    first: int
    rows: int
    input: int
    outputs: Mapping[str, int]
    execution: Execution


class BoundModel:
    """`model` for `rows` inputs of shape `row_shape`, on `stream`; the owner of `opened` frees it.

    Raises `BundleFormatError` when the engine has types that the kernels cannot read.
    """

    def __init__(
        self,
        contract: ModelContract,
        model: StreamModel,
        gpu: Gpu,
        stream: Stream,
        opened: ExitStack,
        *,
        rows: int,
        row_shape: tuple[int, ...],
    ) -> None:
        (spec,) = model.inputs
        self.dtype = _device_type(contract, spec)
        self.output_types = {output.name: _device_type(contract, output) for output in model.outputs}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.batches: list[Batch] = []
        most = contract.input.max_batch
        step = min(most if spec.max_shape is None else min(most, spec.max_shape[0]), rows)
        shape = (max(step, contract.input.min_batch, _fixed_batch(spec)), *row_shape)
        symbols = spec.symbols_in(shape)
        for first in range(0, rows, step):
            opened_addresses = {spec.name: _zeros(gpu, stream, opened, spec, shape)}
            for output in model.outputs:
                self.shapes[output.name] = _known(contract, output, symbols)
                opened_addresses[output.name] = _zeros(gpu, stream, opened, output, self.shapes[output.name])
            execution = opened.enter_context(model.bind(stream, {spec.name: shape}, opened_addresses))
            address = opened_addresses.pop(spec.name)
            self.batches.append(Batch(first, min(step, rows - first), address, opened_addresses, execution))

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def _fixed_batch(spec: TensorSpec) -> int:
    size = spec.shape[0]
    return size if isinstance(size, int) else 1


def _known(contract: ModelContract, output: TensorSpec, symbols: Mapping[str, int]) -> tuple[int, ...]:
    shape = output.resolved(symbols)
    if shape is None:
        raise BundleFormatError(
            f"output {output.name!r} of {contract.name} has a shape that depends on the data, which a graph cannot"
            " have; run it with --device cpu"
        )
    return shape


def _device_type(contract: ModelContract, spec: TensorSpec) -> DeviceType:
    try:
        return DeviceType[spec.dtype]
    except KeyError as error:
        raise BundleFormatError(
            f"tensor {spec.name!r} of {contract.name} is {spec.dtype}; the GPU's kernels read float32 and float16:"
            " build the engine with one of these, or use --device cpu"
        ) from error


def _zeros(gpu: Gpu, stream: Stream, opened: ExitStack, spec: TensorSpec, shape: tuple[int, ...]) -> int:
    return zeroed(gpu, stream, opened, math.prod(shape) * np.dtype(spec.dtype).itemsize)
