# SPDX-License-Identifier: Apache-2.0
"""Recipes of keypoint models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from training.recipe.others import OthersRecipe
from training.recipe.placement import PlacementAugment
from training.recipe.shared import DataRecipe, Fraction, InputRecipe, ScheduleRecipe, StrictRecipe


class KeypointAugment(PlacementAugment):
    """Chances and ranges of the crops; `occlude` is that of plain things in front of the hand."""

    occlude: Fraction = 0.2


class KeypointsRecipe(StrictRecipe):
    """A model that places the 21 keypoints of a hand in its crop.

    Each axis is learned as a distribution over bins, `bins_a_px` for a pixel of the input: a normal one about the true
    place, `sigma_px` wide. A keypoint's score is the probability that it lies within `reach` of where it is said to be,
    in both coordinates; `reach` is a share of the crop's side. Where `others` are given, the model also learns whether
    a crop shows a hand at all, which counts `presence_weight` in the loss.
    """

    task: Literal["hand-keypoints"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: DataRecipe
    schedule: ScheduleRecipe
    bins_a_px: PositiveInt = 2
    sigma_px: PositiveFloat = 1.5
    reach: Annotated[float, Field(gt=0, le=0.5)] = 0.0667
    others: OthersRecipe | None = None
    presence_weight: PositiveFloat = 0.5
    augment: KeypointAugment = KeypointAugment()

    @model_validator(mode="after")
    def _model_fits_input(self) -> KeypointsRecipe:
        if self.input.fit != "crop":
            raise ValueError(f"input.fit must be crop, for a keypoint model looks at crops, got {self.input.fit}")
        wanted = {
            "side_px": self.input.width_px,
            "bins_a_px": self.bins_a_px,
            "presence": self.others is not None,
        }
        given = {key: self.model.get(key, False) for key in wanted}
        if given != wanted:
            raise ValueError(f"model must have {wanted}, as input, bins_a_px and others say, got {given}")
        return self
