# SPDX-License-Identifier: Apache-2.0
"""`Runner`: what every engine offers, whatever it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self


class Runner(Protocol):
    """A loaded model with input and output memory of its own; one runner serves one thread at a time.

    Write into `input_buffer`, call `infer`, read its result before the next `infer`. Runners made by `sibling` share
    the loaded model and may run at the same time.
    """

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, with the largest shape each may take."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs."""

    def input_buffer(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the memory that `infer` will read as input `name`: C-contiguous, of this `shape`, contents undefined.

        Raises `ModelError` for an unknown name or a shape the model does not take.
        """

    def infer(self) -> Mapping[str, NDArray[Any]]:
        """Run the model on the input buffers as last shaped and return its outputs by name.

        The arrays are the runner's memory: valid until the next `infer` or `close`. Raises `ModelError`.
        """

    def sibling(self) -> Runner:
        """Return another runner of the same loaded model, with buffers of its own, for another thread."""

    def close(self) -> None:
        """Release buffers and the hold on the model; closing twice is allowed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
