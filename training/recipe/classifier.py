# SPDX-License-Identifier: Apache-2.0
"""Recipes of classifiers of hand crops."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import PositiveFloat, model_validator

from edge.decoders.presence import PRESENCE
from edge.decoders.softmax_heads import HANDEDNESS, Role
from training.recipe.others import OthersRecipe
from training.recipe.shared import DataRecipe, Fraction, InputRecipe, ScheduleRecipe, StrictRecipe

# What torchvision's vision transformers take where nothing else is said.
TRANSFORMER_SIDE_PX = 224


class CropAugment(StrictRecipe):
    """Chances and ranges of the classifier's crops; shifts and scales are fractions of the crop's side."""

    shift: Fraction = 0.12
    scale: Fraction = 0.25
    rotation_rad: float = 0.3
    occlude: Fraction = 0.1
    backdrop: Fraction = 0.3


class ClassifierDataRecipe(DataRecipe):
    """Where hands come from: `all` of each picture, or the `upper` one alone, which shows the gesture."""

    hands: Literal["all", "upper"] = "all"

    @property
    def upper_alone(self) -> bool:
        """Whether only the uppermost hand of a picture is looked at."""
        return self.hands == "upper"


class ClassifierRecipe(StrictRecipe):
    """A classifier of hand crops: gesture and handedness, and whether it is a hand at all where `others` are given.

    Without `handedness` it tells the gesture alone. A labelled hand's target takes `teacher_share` from the teacher; an
    unlabelled hand counts `teacher_weight`. The loss is the gesture's plus `handedness_weight` times the handedness's
    and `presence_weight` times the presence's.
    """

    task: Literal["gesture-classifier"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: ClassifierDataRecipe
    schedule: ScheduleRecipe
    gestures: tuple[str, ...]
    untrained_gestures: tuple[str, ...] = ()
    handedness: bool = True
    handedness_weight: float = 0.3
    teacher_weight: float = 0.5
    teacher_share: Fraction = 0.15
    label_smoothing: Fraction = 0.05
    others: OthersRecipe | None = None
    presence_weight: PositiveFloat = 0.5
    augment: CropAugment = CropAugment()

    @property
    def heads(self) -> dict[Role, tuple[str, ...]]:
        """Classes of each of the model's heads, in its order."""
        heads: dict[Role, tuple[str, ...]] = {"gesture": self.gestures}
        if self.handedness:
            heads["handedness"] = HANDEDNESS
        return heads if self.others is None else heads | {"presence": PRESENCE}

    @model_validator(mode="after")
    def _untrained_are_gestures(self) -> ClassifierRecipe:
        unknown = sorted(set(self.untrained_gestures) - set(self.gestures))
        if unknown:
            raise ValueError(f"untrained_gestures must be among gestures, these are not: {', '.join(unknown)}")
        heads = list(self.model.get("head_classes", ()))
        classes = [len(names) for names in self.heads.values()]
        if heads != classes:
            raise ValueError(f"model.head_classes must be {classes}, for {', '.join(self.heads)}, got {heads}")
        return self

    @model_validator(mode="after")
    def _transformer_fits_input(self) -> ClassifierRecipe:
        side_px = self.model.get("side_px", TRANSFORMER_SIDE_PX)
        if str(self.model.get("architecture")).startswith("vit_") and self.input.width_px != side_px:
            raise ValueError(
                f"a vision transformer takes pictures of one size: input.width_px must be model.side_px, {side_px}, "
                f"got {self.input.width_px}"
            )
        return self
