# SPDX-License-Identifier: Apache-2.0
"""`HealingRunner`: runs a model at once with what there is, and on its engine as soon as that is built."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from edge.engines.current_model import CurrentModel
from edge.errors import ModelError
from edge.runners.runner import Runner
from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self


class HealingRunner:
    """A runner that goes over to another model between two frames: a frame is written to and run by the same one."""

    def __init__(self, current: CurrentModel) -> None:
        self._current = current
        self._runner: Runner | None
        self._runner, self._generation = current.runner()
        self._is_written = False
        current.join()

    @property
    def reason(self) -> str:
        """Why the model runs on what it runs on, in one sentence."""
        return self._current.reason

    @property
    def is_engine(self) -> bool:
        """Whether the next frame runs on an engine."""
        return self._current.is_engine

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, with the largest shape each may take."""
        return self._open_runner().inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs."""
        return self._open_runner().outputs

    def input_buffer(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the memory that `infer` will read as input `name`. Raises `ModelError`."""
        runner = self._open_runner()
        if not self._is_written and self._generation != self._current.generation:
            runner = self._go_over(runner)
        self._is_written = True
        return runner.input_buffer(name, shape)

    def infer(self) -> Mapping[str, NDArray[Any]]:
        """Run the model on the input buffers. Raises `ModelError`."""
        self._is_written = False
        return self._open_runner().infer()

    def sibling(self) -> HealingRunner:
        """Return another runner of the same model, which goes over when this one does."""
        self._open_runner()
        return type(self)(self._current)

    def close(self) -> None:
        """Release the model; the last runner of it also stops the build."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None
            self._current.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _go_over(self, before: Runner) -> Runner:
        try:
            self._runner, self._generation = self._current.runner()
        except ModelError as error:
            self._generation = self._current.generation
            self._current.explain(f"the new engine cannot be run by all lanes: {error}")
            return before
        before.close()
        return self._runner

    def _open_runner(self) -> Runner:
        if self._runner is None:
            raise ModelError("this runner is closed; open another one")
        return self._runner
