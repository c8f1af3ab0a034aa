# SPDX-License-Identifier: Apache-2.0
"""Recipes of hand detectors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, model_validator

from training.recipe.shared import DataRecipe, Fraction, InputRecipe, ScheduleRecipe, StrictRecipe

StageSide = Annotated[int, Field(gt=0, multiple_of=32)]


class SideStage(StrictRecipe):
    """Input sides in pixels, one drawn a batch, used `until` this fraction of the training."""

    until: Fraction
    sides_px: Annotated[tuple[StageSide, ...], Field(min_length=1)]


class DetectionAugment(StrictRecipe):
    """Chances and ranges of the detector's scenes; spans are fractions of the scene's shorter side.

    `rescale` is the chance that a hand is given a size, from `smallest_px` (the scene's pixels, so that small scenes
    do not waste hands too small to see) to `largest_span`.
    """

    mosaic: Fraction = 0.15
    negative: Fraction = 0.12
    paste: Fraction = 0.2
    paste_spans: tuple[Fraction, Fraction] = (0.1, 0.5)
    occlude: Fraction = 0.1
    rescale: Fraction = 0.65
    smallest_px: PositiveFloat = 13.0
    largest_span: Fraction = 0.85
    largest_enlargement: PositiveFloat = 3.0
    rotation_rad: float = 0.2
    any_rotation: Fraction = 0.1
    canvas_scales: tuple[PositiveFloat, ...] = (1.0, 1.0, 1.0, 1.5)
    pad_value: int = 114


class DecodingRecipe(StrictRecipe):
    """How boxes become hands: from which score, apart by which overlap, and how many at most; fields of the decoder.

    Recall and precision are measured at `min_score`.
    """

    min_score: Fraction = 0.5
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.5
    max_hands: Annotated[int, Field(ge=1, le=1000)] = 32


class DetectorRecipe(StrictRecipe):
    """A hand detector."""

    task: Literal["hand-detector"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: DataRecipe
    stages: Annotated[tuple[SideStage, ...], Field(min_length=1)]
    schedule: ScheduleRecipe
    augment: DetectionAugment = DetectionAugment()
    decoding: DecodingRecipe = DecodingRecipe()

    @model_validator(mode="after")
    def _hands_have_boxes(self) -> DetectorRecipe:
        if any(entry.layout == "lists" for entry in self.data.sets):
            raise ValueError("data.sets: nobody drew boxes in sets of the layout lists; a detector learns from others")
        return self
