# SPDX-License-Identifier: Apache-2.0
"""`FakeRunner`: a runner around a Python function, for tests and for models that are not files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from edge.errors import ModelError
from edge.runners.input_buffers import InputBuffers
from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

Function = Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]]


class FakeRunner:
    """Runs `function` on the input arrays by name; what it returns is held to `outputs` as a real model's would be."""

    def __init__(self, *, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], function: Function) -> None:
        self._inputs, self._outputs, self._function = inputs, outputs, function
        self._buffers: InputBuffers | None = InputBuffers(inputs)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, as given."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs, as given."""
        return self._outputs

    def input_buffer(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the memory of input `name` in this `shape`. Raises `ModelError`."""
        return self._open_buffers().view(name, shape)

    def infer(self) -> Mapping[str, NDArray[Any]]:
        """Call the function and return its outputs. Raises `ModelError` when one is missing or has a wrong shape."""
        buffers = self._open_buffers()
        symbols = buffers.symbols()
        results = self._function(buffers.current())
        return {spec.name: spec.checked(results.get(spec.name), symbols) for spec in self._outputs}

    def sibling(self) -> FakeRunner:
        """Return another runner of the same function."""
        return type(self)(inputs=self._inputs, outputs=self._outputs, function=self._function)

    def close(self) -> None:
        """Release the buffers."""
        self._buffers = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_buffers(self) -> InputBuffers:
        if self._buffers is None:
            raise ModelError("this runner is closed; open another one")
        return self._buffers
