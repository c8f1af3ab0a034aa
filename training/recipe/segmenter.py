# SPDX-License-Identifier: Apache-2.0
"""Recipes of hand segmenters."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import PositiveFloat, model_validator

from training.recipe.placement import PlacementAugment
from training.recipe.shared import DataRecipe, InputRecipe, ScheduleRecipe, StrictRecipe


class SegmenterRecipe(StrictRecipe):
    """A model that tells which pixels of a crop are the hand's.

    `dice_weight` is what the Dice loss counts beside the cross entropy of a pixel.
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

    @model_validator(mode="after")
    def _looks_at_crops(self) -> SegmenterRecipe:
        if self.input.fit != "crop":
            raise ValueError(f"input.fit must be crop, for a segmenter looks at crops of hands, got {self.input.fit}")
        return self
