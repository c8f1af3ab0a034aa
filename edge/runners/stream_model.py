# SPDX-License-Identifier: Apache-2.0
"""`StreamModel`: a loaded model that works on the GPU's memory, as part of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from edge.gpu.device import Closeable, Stream
from edge.runners.tensor_spec import TensorSpec


class Execution(Closeable, Protocol):
    """A model bound to addresses and shapes, with working memory of its own; what it was bound to must outlive it."""

    def enqueue(self, stream: Stream) -> None:
        """Queue one run on `stream`, without waiting and without allocating; it may be captured after a first run.

        Raises `ModelError`.
        """


class StreamModel(Protocol):
    """A loaded model that any number of streams may use at the same time, each through an `Execution` of its own."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, in the types that the engine has, with the largest shape each may take."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs, in the types that the engine has."""

    def bind(self, stream: Stream, shapes: Mapping[str, tuple[int, ...]], addresses: Mapping[str, int]) -> Execution:
        """Return an execution for `stream` with inputs of these shapes, its tensors at `addresses`.

        Addresses are multiples of 256. Raises `ModelError` for shapes that the model does not take.
        """

    def close(self) -> None:
        """Release the model, once its executions are closed."""
