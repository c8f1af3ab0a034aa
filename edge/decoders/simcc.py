# SPDX-License-Identifier: Apache-2.0
"""Decoder of keypoint models that tell the place along each axis by a classification of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge import _native
from edge.geometry import Affine
from edge.keypoints import KEYPOINTS
from edge.preprocess import InputContract
from edge.strict_model import StrictModel


class Simcc(StrictModel):
    """Outputs `x` and `y` (N, 21, bins): logits of bins that cover the input's width and height (Li et al. 2022).

    A keypoint's score is the probability that it lies within `reach` of where it is said to be, in both coordinates;
    `reach` is a share of the input's side.
    """

    serves: ClassVar[str] = "keypoints"

    type: Literal["simcc"] = "simcc"
    x: str = Field(min_length=1)
    y: str = Field(min_length=1)
    reach: float = Field(gt=0, le=0.5)

    @model_validator(mode="after")
    def _outputs_differ(self) -> Simcc:
        if self.x == self.y:
            raise ValueError(f"each axis needs an output of its own, got {self.x!r} twice")
        return self

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return self.x, self.y

    def require_fit(self, contract: InputContract, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes tells places in crops."""
        if contract.fit != "crop":
            raise ValueError(f"a keypoint model takes crops of hands, so input.fit must be crop, got {contract.fit!r}")
        for name in self.output_names:
            shape = shapes[name]
            if len(shape) != 3 or shape[1] != len(KEYPOINTS) or not isinstance(shape[2], int):
                given = ", ".join(str(dimension) for dimension in shape)
                raise ValueError(f"output {name!r} must be (batch, {len(KEYPOINTS)}, bins), got ({given})")

    def decode(
        self, outputs: Mapping[str, NDArray[Any]], *, picture_from_crop: Affine, side_px: int
    ) -> NDArray[np.float32]:
        """Return the keypoints (N, 21, 3) float32 x, y and score of the first N rows, in pixels of the picture.

        `picture_from_crop` (N, 2, 3) leads there from crops of `side_px` pixels.
        """
        x, y = (outputs[name][: len(picture_from_crop)].astype(np.float32, copy=False) for name in self.output_names)
        return _native.locate_simcc(x, y, side_px, side_px, self.reach * side_px, picture_from_crop)
