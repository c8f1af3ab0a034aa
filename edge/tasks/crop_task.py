# SPDX-License-Identifier: Apache-2.0
"""`CropTask`: what all tasks share that look at the crops of hands already found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.decoders import LabelDecoder, PointDecoder
from edge.errors import UsageError
from edge.frame import Frame
from edge.geometry import Affine
from edge.preprocess import Preprocessor
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.hand_task import HandTask


class CropTask(HandTask):
    """Looks at the crop of every hand, and may say that one shows none.

    `min_presence` replaces the bundle's threshold for what is kept. Raises `UsageError` when it is not within 0 and 1.
    """

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
        self._crop = contract.picture_input
        self._preprocessor = Preprocessor(self._crop.contract())
        self._picture_from_crop: Affine = np.zeros((0, 2, 3))

    @property
    def row_shape(self) -> tuple[int, int, int]:
        """Shape (C, S, S) of a crop."""
        return self._crop.channels, self._crop.height_px, self._crop.width_px

    def write(self, frame: Frame, hands: Hands, rows: NDArray[np.float32]) -> None:
        """Write the crops of `hands` into `rows`."""
        self._picture_from_crop = self._preprocessor.write_crops(frame, hands.boxes_xyxy, rows)

    def kept(self, hands: Hands) -> Hands:
        """Return the hands of whose presence this model is sure enough, all where it tells nothing of it."""
        if hands.presence is None or not self._tells_presence:
            return hands
        sure = hands.presence >= self.min_presence
        return hands if sure.all() else hands[sure]
