# SPDX-License-Identifier: Apache-2.0
"""`CropTask`: what all tasks share that look at the crops of hands already found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.decoders import LabelDecoder, PointDecoder
from edge.errors import ModelError, UsageError
from edge.frame import Frame
from edge.geometry import Affine
from edge.preprocess import Preprocessor
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.picture import frame_from_picture
from edge.tasks.task import Task


class CropTask(Task):
    """Says more about hands whose boxes are known, a frame's crops in one batch.

    More hands than the model takes at once are run in several batches. `min_presence` replaces the bundle's threshold
    for what is kept. Raises `UsageError` when it is not within 0 and 1.
    """

    needs_hands: ClassVar[bool] = True

    def __init__(
        self,
        contract: ModelContract,
        runner: Runner,
        decoder: LabelDecoder | PointDecoder,
        *,
        min_presence: float | None = None,
    ) -> None:
        super().__init__(contract, runner)
        if min_presence is not None and not 0 <= min_presence <= 1:
            raise UsageError(f"min_presence must lie within 0 and 1, got {min_presence}")
        self.min_presence = decoder.min_presence if min_presence is None else min_presence
        self._tells_presence = decoder.tells_presence
        self._preprocessor = Preprocessor(contract.input.contract())
        self._hands = Hands.empty()
        self._picture_from_crop: Affine = np.zeros((0, 2, 3))
        self._waiting: NDArray[np.float32] | None = None

    @abstractmethod
    def tell(self, hands: Hands, picture_from_crop: Affine) -> Hands:
        """Return `hands` with what `outputs` say of each; `picture_from_crop` (N, 2, 3) leads from their crops.

        Raises `KeyError`, `ValueError` or `IndexError` for outputs that are not as the contract says.
        """

    def prepare(self, frame: Frame, hands: Hands) -> None:
        """Write the crop of every hand of `frame` into the network's input."""
        self._hands, self._waiting = hands, None
        if not len(hands):
            return
        if len(hands) <= self.contract.input.max_batch:
            crops = self._input(len(hands))
        else:
            crops = self._waiting = np.empty((len(hands), *self._crop_shape), np.float32)
        self._picture_from_crop = self._preprocessor.write_crops(frame, hands.boxes_xyxy, crops)

    def infer(self) -> None:
        """Run the network on the prepared crops. Raises `ModelError`."""
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
            return self.tell(self._hands, self._picture_from_crop)
        except (KeyError, ValueError, IndexError) as error:
            raise ModelError(f"{self.name}: outputs cannot be decoded, {error}; verify the bundle") from error

    def kept(self, hands: Hands) -> Hands:
        """Return the hands of whose presence this model is sure enough, all where it tells nothing of it."""
        if hands.presence is None or not self._tells_presence:
            return hands
        sure = hands.presence >= self.min_presence
        return hands if sure.all() else hands[sure]

    def __call__(self, picture: NDArray[Any] | Frame, hands: Hands | NDArray[Any]) -> Hands:
        """Return `hands` with what is told of them; `picture` is BGR (H, W, 3) or grey (H, W) uint8, or a frame.

        `hands` may also be boxes (N, 4) xyxy in pixels; their scores are then 1. Raises `UsageError` for other input,
        and while another thread is within a call.
        """
        with self._alone():
            self.prepare(frame_from_picture(picture), hands if isinstance(hands, Hands) else _hands_from_boxes(hands))
            self.infer()
            return self.decode()

    @property
    def _crop_shape(self) -> tuple[int, int, int]:
        contract = self.contract.input
        return contract.channels, contract.height_px, contract.width_px

    def _input(self, count: int) -> NDArray[np.float32]:
        rows = max(count, self.contract.input.min_batch)
        return self.runner.input_buffer(self.contract.input.name, (rows, *self._crop_shape))[:count]

    def _infer_batches(self, crops: NDArray[np.float32]) -> Iterator[dict[str, NDArray[Any]]]:
        """Run batch after batch; a runner reuses its outputs, so each batch's are copied."""
        most = self.contract.input.max_batch
        for start in range(0, len(crops), most):
            batch = crops[start : start + most]
            self._input(len(batch))[:] = batch
            yield {name: values[: len(batch)].copy() for name, values in self.runner.infer().items()}


def _hands_from_boxes(boxes_xyxy: NDArray[Any]) -> Hands:
    try:
        return Hands(boxes_xyxy.astype(np.float32), np.ones(len(boxes_xyxy), np.float32))
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"hands must be Hands or boxes (N, 4) xyxy in pixels: {error}") from error
