# SPDX-License-Identifier: Apache-2.0
"""Decoder of models that tell which pixels of a hand's crop are the hand's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge.geometry import Affine
from edge.masks import Masks
from edge.preprocess import InputContract
from edge.strict_model import StrictModel


class CropMask(StrictModel):
    """Output `mask` (N, 1, h, w): logits on a grid that covers the input; from `min_probability` on it is the hand.

    Between the middles of the grid's cells logits are interpolated.
    """

    serves: ClassVar[tuple[str, ...]] = ("segmenter",)
    presence_trust: ClassVar[float] = 0.0

    type: Literal["crop-mask"] = "crop-mask"
    mask: str = Field(min_length=1)
    min_probability: float = Field(default=0.5, gt=0, lt=1)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return (self.mask,)

    def require_fit(self, contract: InputContract | None, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes tells masks of crops."""
        if contract is None or contract.fit != "crop":
            fit = None if contract is None else contract.fit
            raise ValueError(f"a segmenter takes crops of hands, so input.fit must be crop, got {fit!r}")
        shape = shapes[self.mask]
        if len(shape) != 4 or shape[1] != 1 or not all(isinstance(side, int) for side in shape[2:]):
            given = ", ".join(str(dimension) for dimension in shape)
            raise ValueError(f"output {self.mask!r} must be (batch, 1, rows, columns), got ({given})")

    def decode(self, outputs: Mapping[str, NDArray[Any]], *, picture_from_crop: Affine, side_px: int) -> Masks:
        """Return the masks of the first N rows, crops of `side_px` pixels whose maps to the picture are (N, 2, 3).

        Raises `ValueError` for logits that are not finite.
        """
        logits = outputs[self.mask][: len(picture_from_crop), 0].astype(np.float32)
        logits -= np.float32(math.log(self.min_probability / (1 - self.min_probability)))
        rows, columns = logits.shape[1:]
        return Masks(logits, picture_from_crop @ np.diag([side_px / columns, side_px / rows, 1.0]))
