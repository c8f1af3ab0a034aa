# SPDX-License-Identifier: Apache-2.0
"""Decoder of keypoint models that tell the place along each axis by a classification of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge import _native
from edge.decoders.presence import presence_of
from edge.geometry import Affine
from edge.keypoints import KEYPOINTS
from edge.preprocess import InputContract
from edge.strict_model import StrictModel


class Simcc(StrictModel):
    """Outputs `x` and `y` (N, 21, bins): logits of bins that cover the input's width and height (Li et al. 2022).

    A keypoint is placed at the mean of the bins within `reach` of the most probable one, along each axis, and its score
    is the probability that both coordinates lie there; `reach` is a share of the input's side. The output `presence`
    (N, 2), where there is one, has the logits of a hand and of anything else; `presence_trust` is the
    weight of presence in a hand's score, a geometric mean of both.
    """

    serves: ClassVar[tuple[str, ...]] = ("keypoints",)

    type: Literal["simcc"] = "simcc"
    x: str = Field(min_length=1)
    y: str = Field(min_length=1)
    reach: float = Field(gt=0, le=0.5)
    presence: str | None = Field(default=None, min_length=1)
    presence_trust: float = Field(default=0, ge=0, lt=1)

    @model_validator(mode="after")
    def _outputs_make_sense(self) -> Simcc:
        if len(set(self.output_names)) != len(self.output_names):
            raise ValueError(f"each answer needs an output of its own, got {', '.join(self.output_names)}")
        if self.presence_trust and self.presence is None:
            raise ValueError("presence_trust needs an output that tells presence; name it, or leave out the trust")
        return self

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return (self.x, self.y) if self.presence is None else (self.x, self.y, self.presence)

    def require_fit(self, contract: InputContract | None, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes tells places in crops."""
        if contract is None or contract.fit != "crop":
            fit = None if contract is None else contract.fit
            raise ValueError(f"a keypoint model takes crops of hands, so input.fit must be crop, got {fit!r}")
        if self.presence is not None and (len(shapes[self.presence]) != 2 or shapes[self.presence][1] != 2):
            raise ValueError(f"output {self.presence!r} must be (batch, 2), a hand and anything else")
        for name in (self.x, self.y):
            shape = shapes[name]
            if len(shape) != 3 or shape[1] != len(KEYPOINTS) or not isinstance(shape[2], int):
                given = ", ".join(str(dimension) for dimension in shape)
                raise ValueError(f"output {name!r} must be (batch, {len(KEYPOINTS)}, bins), got ({given})")

    def decode(
        self, outputs: Mapping[str, NDArray[Any]], *, picture_from_crop: Affine, side_px: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return keypoints (N, 21, 3) float32 x, y and score, in pixels of the picture, and presence (N,), 0 to 1.

        `picture_from_crop` (N, 2, 3) leads there from the first N rows, crops of `side_px` pixels. Presence is None
        where the model does not tell it.
        """
        count = len(picture_from_crop)
        x, y = (outputs[name][:count].astype(np.float32, copy=False) for name in (self.x, self.y))
        keypoints = _native.locate_simcc(x, y, side_px, side_px, self.reach * side_px, picture_from_crop)
        if self.presence is None:
            return keypoints, None
        return keypoints, presence_of(outputs[self.presence][:count].astype(np.float32, copy=False))
