# SPDX-License-Identifier: Apache-2.0
"""`Task`: one model with everything around it, in three steps that a pipeline may time."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.errors import UsageError
from edge.frame import Frame
from edge.results import Hands
from edge.runners.runner import Runner

if TYPE_CHECKING:
    from typing_extensions import Self


class Task(ABC):
    """What a model does to the hands of a frame: finds them, or says more about those that were found.

    For each frame: `prepare` writes the network's input, `infer` runs it, `decode` returns the hands with what this
    task adds. A task serves one thread at a time and owns its runner; `sibling` makes one for another thread that
    shares the loaded weights. A call does all three, and is refused while another thread is within one.
    """

    needs_hands: ClassVar[bool]
    needs_keypoints: ClassVar[bool] = False
    outputs: Mapping[str, NDArray[Any]]
    """Raw outputs of the last `infer`, valid until the next."""

    def __init__(self, contract: ModelContract, runner: Runner) -> None:
        self.contract = contract
        self.runner = runner
        self.outputs = {}
        self._call = threading.Lock()

    @property
    def name(self) -> str:
        """Name of the model, as its bundle has it."""
        return self.contract.name

    @abstractmethod
    def prepare(self, frame: Frame, hands: Hands) -> None:
        """Write the network's input for `frame`; `hands` are those known so far, ignored unless `needs_hands`."""

    @abstractmethod
    def infer(self) -> None:
        """Run the network on what `prepare` wrote. Raises `ModelError`."""

    @abstractmethod
    def decode(self) -> Hands:
        """Return the hands of the prepared frame, in its pixels. Raises `ModelError`."""

    def kept(self, hands: Hands) -> Hands:
        """Return the `hands` it decoded with which a pipeline goes on: a second look may change or drop some."""
        return hands

    @abstractmethod
    def sibling(self) -> Task:
        """Return the same task with buffers of its own on the same loaded weights, for another thread."""

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the task for one call. Raises `UsageError` when another thread has it."""
        if not self._call.acquire(blocking=False):
            raise UsageError(
                f"{self.name} serves one thread at a time, and another is within a call; load one task for each thread,"
                " or give each a task.sibling()"
            )
        try:
            yield
        finally:
            self._call.release()

    def close(self) -> None:
        """Release the runner."""
        self.runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
