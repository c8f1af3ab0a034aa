# SPDX-License-Identifier: Apache-2.0
"""Recipes of classifiers that tell whether a hand holds something."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from edge.decoders.softmax_heads import Role
from training.recipe.classifier import CropAugment
from training.recipe.shared import DataRecipe, Fraction, InputRecipe, ScheduleRecipe, StrictRecipe

# In the order of the numbers in list files.
HOLDING_CLASSES = ("empty", "holding")


class HoldingAugment(CropAugment):
    """Chances of the crops. `things` is that of a drawn thing near an empty hand whose outline and keypoints are known.

    The share `held` of these things is put into the hand, which then holds something; the others lie beside, behind or
    before it. Their textures are cut from the pictures of the recipe's sets that show no hand.
    """

    things: Fraction = 0.0
    held: Fraction = 0.5


class HoldingRecipe(StrictRecipe):
    """A classifier of hand crops with one head, of the two `HOLDING_CLASSES`."""

    task: Literal["holding-classifier"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: DataRecipe
    schedule: ScheduleRecipe
    label_smoothing: Fraction = 0.0
    augment: HoldingAugment = HoldingAugment()

    @property
    def heads(self) -> dict[Role, tuple[str, ...]]:
        """Classes of the model's head."""
        return {"holding": HOLDING_CLASSES}

    @model_validator(mode="after")
    def _one_head_of_two_classes(self) -> HoldingRecipe:
        if self.model.get("classes") != 2 and self.model.get("head_classes") not in ([2], (2,)):
            raise ValueError(
                "model.classes must be 2, for empty and holding (model.head_classes [2] of a crop-classifier)"
            )
        return self
