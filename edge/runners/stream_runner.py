# SPDX-License-Identifier: Apache-2.0
"""`StreamRunner`: a model on the GPU behind the same door as a model on the processor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.gpu.device import Gpu, HostMemory, Memory, Stream
from edge.runners.input_buffers import InputBuffers
from edge.runners.stream_model import Execution, StreamModel
from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_SHAPES = 4
"""How many input shapes keep their execution; each holds working memory of the GPU."""

_Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Copied:
    """A tensor's two places, and the host's view of its own."""

    memory: Memory
    host: HostMemory
    array: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Bound:
    """What belongs to one combination of input shapes."""

    execution: Execution
    inputs: Mapping[str, _Copied]
    outputs: Mapping[str, _Copied]
    opened: ExitStack


class StreamRunner:
    """Runs `model` on `gpu` with a stream, buffers and executions of its own; arrays are the host's.

    `inputs` and `outputs` are the contract's: what the engine has in another type is converted on the host. Raises
    `GpuError`, and `ModelError` for outputs whose shape depends on the data.
    """

    def __init__(
        self, model: StreamModel, gpu: Gpu, *, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> None:
        self._model, self._gpu = model, gpu
        built = {spec.name: spec for spec in model.inputs}
        self._inputs = tuple(
            TensorSpec(spec.name, spec.dtype, built[spec.name].shape, built[spec.name].max_shape) for spec in inputs
        )
        self._outputs = outputs
        self._buffers = InputBuffers(self._inputs)
        self._bound: dict[tuple[tuple[int, ...], ...], _Bound] = {}
        self._opened: ExitStack | None = ExitStack()
        with gpu.current():
            self._stream: Stream = self._opened.enter_context(gpu.stream())
            self._finished = self._opened.enter_context(gpu.event())

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, with the largest shape each may take."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs that `infer` returns."""
        return self._outputs

    def input_buffer(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the memory whose contents `infer` takes to the GPU as input `name`. Raises `ModelError`."""
        self._require_open()
        return self._buffers.view(name, shape)

    def infer(self) -> Mapping[str, NDArray[Any]]:
        """Run the model and wait for its outputs. Raises `ModelError`."""
        self._require_open()
        views = self._buffers.current()
        symbols = self._buffers.symbols()
        with self._gpu.current():
            bound = self._bound_to({name: view.shape for name, view in views.items()}, symbols)
            for name, copied in bound.inputs.items():
                copied.array[...] = views[name]
                self._stream.copy_in(copied.memory.address, copied.host.array)
            bound.execution.enqueue(self._stream)
            for copied in bound.outputs.values():
                self._stream.copy_out(copied.host.array, copied.memory.address)
            self._stream.record(self._finished)
            self._finished.synchronize()
        arrays = {spec.name: bound.outputs[spec.name].array.astype(spec.dtype, copy=False) for spec in self._outputs}
        return {spec.name: spec.checked(arrays[spec.name], symbols) for spec in self._outputs}

    def sibling(self) -> StreamRunner:
        """Return a runner of the same engine with a stream and buffers of its own; both may run at the same time."""
        self._require_open()
        return StreamRunner(self._model, self._gpu, inputs=self._inputs, outputs=self._outputs)

    def close(self) -> None:
        """Release the executions, buffers and stream; closing twice is allowed."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            self._buffers = InputBuffers(())
            with self._gpu.current(), opened:
                while self._bound:
                    opened.callback(self._bound.popitem()[1].opened.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_open(self) -> None:
        if self._opened is None:
            raise ModelError("this runner is closed; open another one")

    def _bound_to(self, shapes: _Shapes, symbols: Mapping[str, int]) -> _Bound:
        key = tuple(shapes.values())
        bound = self._bound.get(key)
        if bound is None:
            if len(self._bound) >= MAX_SHAPES:
                self._bound.pop(next(iter(self._bound))).opened.close()
            bound = self._bound[key] = self._bind(shapes, symbols)
        return bound

    def _bind(self, shapes: _Shapes, symbols: Mapping[str, int]) -> _Bound:
        with ExitStack() as opened:
            inputs = {spec.name: self._copied(opened, spec, shapes[spec.name]) for spec in self._model.inputs}
            outputs = {spec.name: self._copied(opened, spec, spec.resolved(symbols)) for spec in self._model.outputs}
            addresses = {name: copied.memory.address for name, copied in {**inputs, **outputs}.items()}
            execution = opened.enter_context(self._model.bind(self._stream, shapes, addresses))
            return _Bound(execution, inputs, outputs, opened.pop_all())

    def _copied(self, opened: ExitStack, spec: TensorSpec, shape: tuple[int, ...] | None) -> _Copied:
        if shape is None:
            raise ModelError(f"the shape of output {spec.name!r} depends on the data; run this model on the processor")
        size_bytes = math.prod(shape) * np.dtype(spec.dtype).itemsize
        memory = opened.enter_context(self._gpu.memory(size_bytes))
        host = opened.enter_context(self._gpu.host_memory(size_bytes))
        return _Copied(memory, host, host.array.view(spec.dtype).reshape(shape))
