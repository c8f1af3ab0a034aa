# SPDX-License-Identifier: Apache-2.0
"""`CropTask`: what all tasks share that look at the crops of hands already found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge import _native
from edge.bundle.contract import ModelContract
from edge.decoders import LabelDecoder, MaskDecoder, PointDecoder
from edge.errors import UsageError
from edge.frame import Frame
from edge.geometry import Affine
from edge.preprocess import Preprocessor
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.hand_task import HandTask

# Of two boxes that share more than this of the smaller one the worse one shows the same hand, or part of it.
SAME_HAND_SHARE = 0.9


class CropTask(HandTask):
    """Looks at the crop of every hand, and may change how sure it is that it shows one.

    Of hands that score less than `min_score` after this look `kept` keeps none. Raises `UsageError` when it is not
    within 0 and 1.
    """

    def __init__(
        self,
        contract: ModelContract,
        runner: Runner,
        decoder: LabelDecoder | PointDecoder | MaskDecoder,
        *,
        min_score: float = 0.0,
    ) -> None:
        super().__init__(contract, runner)
        if not 0 <= min_score <= 1:
            raise UsageError(f"min_score must lie within 0 and 1, got {min_score}")
        self.min_score = min_score
        self._trust = decoder.presence_trust
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
        """Return the hands by their scores joined with presence, best first.

        Those that score less than `min_score` are left out, and those that lie almost wholly within a better one or
        about it: it is the same hand. Where this model's presence is not trusted, all are returned as they are. Call it
        before another model looks, whose presence would be taken for this one's.
        """
        if hands.presence is None or not self._trust:
            return hands
        rows, scores = _native.join_second_look(
            hands.boxes_xyxy, hands.scores, hands.presence, self._trust, self.min_score, SAME_HAND_SHARE
        )
        as_before = rows.tolist() == list(range(len(hands)))
        return replace(hands if as_before else hands[rows], scores=scores)

    def presence_of(self, hands: Hands, own: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        """Return what to tell of presence: its own, unless another model has told it and this one is not trusted."""
        return hands.presence if own is None or (hands.presence is not None and not self._trust) else own
