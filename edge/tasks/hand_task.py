# SPDX-License-Identifier: Apache-2.0
"""`HandTask`: what all tasks share that say more about hands already found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.errors import ModelError, UsageError
from edge.frame import Frame
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.picture import frame_from_picture
from edge.tasks.task import Task


class HandTask(Task):
    """Says more about hands whose boxes are known, a frame's in one batch.

    More hands than the model takes at once are run in several batches.
    """

    needs_hands: ClassVar[bool] = True

    def __init__(self, contract: ModelContract, runner: Runner) -> None:
        super().__init__(contract, runner)
        self._hands = Hands.empty()
        self._waiting: NDArray[np.float32] | None = None

    @property
    @abstractmethod
    def row_shape(self) -> tuple[int, ...]:
        """Shape of the network's input for one hand."""

    @abstractmethod
    def write(self, frame: Frame, hands: Hands, rows: NDArray[np.float32]) -> None:
        """Write the network's input for each of `hands`, at least one, into `rows` (N, ...)."""

    @abstractmethod
    def tell(self, hands: Hands) -> Hands:
        """Return `hands` with what `outputs` say of each.

        Raises `KeyError`, `ValueError` or `IndexError` for outputs that are not as the contract says.
        """

    def prepare(self, frame: Frame, hands: Hands) -> None:
        """Write the network's input for every hand of `frame`."""
        self._hands, self._waiting = hands, None
        if not len(hands):
            return
        if len(hands) <= self.contract.input.max_batch:
            rows = self._input(len(hands))
        else:
            rows = self._waiting = np.empty((len(hands), *self.row_shape), np.float32)
        self.write(frame, hands, rows)

    def infer(self) -> None:
        """Run the network on what was prepared. Raises `ModelError`."""
        if not len(self._hands):
            self.outputs = {}
        elif self._waiting is None:
            self.outputs = self.runner.infer()
        else:
            batches = list(self._infer_batches(self._waiting))
            self.outputs = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}

    def decode(self) -> Hands:
        """Return the prepared hands with what the model tells of each. Raises `ModelError`."""
        if not len(self._hands):
            return self._hands
        try:
            return self.tell(self._hands)
        except (KeyError, ValueError, IndexError) as error:
            raise ModelError(f"{self.name}: outputs cannot be decoded, {error}; verify the bundle") from error

    def __call__(self, picture: NDArray[Any] | Frame, hands: Hands | NDArray[Any]) -> Hands:
        """Return `hands` with what is told of them; `picture` is BGR (H, W, 3) or grey (H, W) uint8, or a frame.

        `hands` may also be boxes (N, 4) xyxy in pixels; their scores are then 1. Raises `UsageError` for other input,
        and while another thread is within a call.
        """
        with self._alone():
            self.prepare(frame_from_picture(picture), hands if isinstance(hands, Hands) else _hands_from_boxes(hands))
            self.infer()
            return self.decode()

    def _input(self, count: int) -> NDArray[np.float32]:
        rows = max(count, self.contract.input.min_batch)
        return self.runner.input_buffer(self.contract.input.name, (rows, *self.row_shape))[:count]

    def _infer_batches(self, rows: NDArray[np.float32]) -> Iterator[dict[str, NDArray[Any]]]:
        """Run batch after batch; a runner reuses its outputs, so each batch's are copied."""
        most = self.contract.input.max_batch
        for start in range(0, len(rows), most):
            batch = rows[start : start + most]
            self._input(len(batch))[:] = batch
            yield {name: values[: len(batch)].copy() for name, values in self.runner.infer().items()}


def _hands_from_boxes(boxes_xyxy: NDArray[Any]) -> Hands:
    try:
        return Hands(boxes_xyxy.astype(np.float32), np.ones(len(boxes_xyxy), np.float32))
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"hands must be Hands or boxes (N, 4) xyxy in pixels: {error}") from error
