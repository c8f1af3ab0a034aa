# SPDX-License-Identifier: Apache-2.0
"""Recipes of hand segmenters."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import PositiveFloat, model_validator

from training.recipe.placement import PlacementAugment
from training.recipe.shared import DataRecipe, InputRecipe, ScheduleRecipe, StrictRecipe

CROP_SEGMENTER = "crop-segmenter"


class SegmenterRecipe(StrictRecipe):
    """A model that tells which pixels are a hand's: of crops, or of whole pictures, which `input.fit` says.

    `dice_weight` is what the Dice loss counts beside the cross entropy of a pixel. Whole pictures are placed by
    `augment` as the boxes of hands are, shift and scale being shares of the picture.
    """

    task: Literal["hand-segmenter"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: DataRecipe
    schedule: ScheduleRecipe
    dice_weight: PositiveFloat = 1.0
    augment: PlacementAugment = PlacementAugment()

    @property
    def takes_crops(self) -> bool:
        """Whether the model looks at crops of hands."""
        return self.input.fit == "crop"

    @model_validator(mode="after")
    def _model_fits_input(self) -> SegmenterRecipe:
        if self.takes_crops != (self.model.get("architecture") == CROP_SEGMENTER):
            raise ValueError(f"the model of crops is {CROP_SEGMENTER}; input.fit is {self.input.fit}")
        if self.input.multiple_px is not None:
            raise ValueError("a segmenter's input has one size; leave input.multiple_px out")
        channels = self.input.contract().channels
        if self.model.get("channels", 3) != channels:
            raise ValueError(f"input.colour {self.input.colour} has {channels} channels; say so in model.channels")
        return self
