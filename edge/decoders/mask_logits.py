# SPDX-License-Identifier: Apache-2.0
"""Decoder of models that tell which pixels are a hand's: in the hand's crop, or in a whole picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge.geometry import Affine
from edge.masks import Masks
from edge.preprocess import InputContract
from edge.results import Hands
from edge.strict_model import StrictModel


class MaskLogits(StrictModel):
    """Output `mask` (N, 1, h, w): logits on a grid that covers the input; from `min_probability` on it is a hand's.

    Between the middles of the grid's cells logits are interpolated. In a whole picture each part that hangs together is
    a hand, of those that have at least `min_share` of the grid the `max_hands` largest.
    """

    serves: ClassVar[tuple[str, ...]] = ("segmenter",)
    presence_trust: ClassVar[float] = 0.0

    type: Literal["mask-logits"] = "mask-logits"
    mask: str = Field(min_length=1)
    min_probability: float = Field(default=0.5, gt=0, lt=1)
    min_share: float = Field(default=0.001, ge=0, le=1)
    max_hands: int = Field(default=20, ge=1, le=100)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return (self.mask,)

    def require_fit(self, contract: InputContract | None, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes tells masks of pictures."""
        if contract is None:
            raise ValueError("a segmenter looks at pictures or crops of them, so it cannot take keypoints")
        shape = shapes[self.mask]
        if len(shape) != 4 or shape[1] != 1 or not all(isinstance(side, int) for side in shape[2:]):
            given = ", ".join(str(dimension) for dimension in shape)
            raise ValueError(f"output {self.mask!r} must be (batch, 1, rows, columns), got ({given})")

    def decode(
        self, outputs: Mapping[str, NDArray[Any]], *, picture_from_input: Affine, input_hw: tuple[int, int]
    ) -> Masks:
        """Return the masks of the first N rows, whose maps from an input of `input_hw` pixels are (N, 2, 3).

        Raises `ValueError` for logits that are not finite.
        """
        logits = outputs[self.mask][: len(picture_from_input), 0].astype(np.float32)
        logits -= np.float32(math.log(self.min_probability / (1 - self.min_probability)))
        rows, columns = logits.shape[1:]
        return Masks(logits, picture_from_input @ np.diag([input_hw[1] / columns, input_hw[0] / rows, 1.0]))

    def hands_in(self, masks: Masks, width_px: int, height_px: int) -> Hands:
        """Return the hands in the one mask of a whole picture: parts that hang together, the largest first.

        A hand's box is that of its part, cut at the picture, its score the mean probability within.
        """
        logits, matrix = masks.logits[0], masks.picture_from_grid[0]
        count, parts, extents, _ = cv2.connectedComponentsWithStats((logits >= 0).astype(np.uint8), connectivity=8)
        least = self.min_share * logits.size
        areas = extents[1:, cv2.CC_STAT_AREA]
        chosen = [number for number in np.argsort(-areas, kind="stable") if areas[number] >= least][: self.max_hands]
        if count == 1 or not chosen:
            return Hands.empty()
        kept, boxes, scores = [], [], []
        for number in chosen:
            own = parts == number + 1
            left, top, width, height = (float(value) for value in extents[number + 1, :4])
            corners = np.array([[left, top], [left + width, top + height]]) @ matrix[:, :2].T + matrix[:, 2]
            boxes.append(np.clip(corners, 0, [width_px, height_px]).ravel())
            shifted = logits[own] + math.log(self.min_probability / (1 - self.min_probability))
            scores.append(float((1 / (1 + np.exp(-shifted))).mean()))
            kept.append(np.where(own | (logits < 0), logits, -1 - logits))
        told = Masks(np.array(kept, np.float32), np.repeat(matrix[None], len(kept), axis=0))
        return Hands(np.array(boxes, np.float32), np.array(scores, np.float32), masks=told)
