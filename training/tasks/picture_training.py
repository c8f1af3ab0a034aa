# SPDX-License-Identifier: Apache-2.0
"""`PictureTraining`: what the trainings on pictures of hands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import torch

from training.data.catalogue import samples_of
from training.data.reduction import ENOUGH_HAND_SIDES, ENOUGH_PX, reduced, store_of
from training.data.workers import keep_opencv_single_threaded
from training.models import build
from training.recipe import ClassifierRecipe, HoldingRecipe, KeypointsRecipe, SegmenterRecipe

PictureRecipe = TypeVar("PictureRecipe", ClassifierRecipe, HoldingRecipe, KeypointsRecipe, SegmenterRecipe)


class PictureTraining(Generic[PictureRecipe]):
    """A new model, and the samples and pictures of a recipe that are trained and validated on.

    Raises `SourceError` when a set or a picture cannot be read, `UsageError` when the recipe's model cannot be built.
    """

    def __init__(self, recipe: PictureRecipe, data_root: Path) -> None:
        keep_opencv_single_threaded()
        torch.manual_seed(recipe.seed)
        self._recipe: PictureRecipe = recipe
        self.model = build(recipe.model)
        samples = [sample for sample in samples_of(recipe.data, data_root, seed=recipe.seed) if sample.split != "test"]
        samples = reduced(samples, longest_px=ENOUGH_PX, hand_px=ENOUGH_HAND_SIDES * recipe.input.width_px)
        self._training = [sample for sample in samples if sample.split == "train"]
        self._validation = [sample for sample in samples if sample.split == "validation"]
        self._pictures = store_of(samples)
