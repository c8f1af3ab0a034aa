# SPDX-License-Identifier: Apache-2.0
"""One training task a file: how its batches are made, its loss and its validation."""

from __future__ import annotations

from pathlib import Path

from edge.errors import UsageError
from training.loop import TrainingTask
from training.recipe import AnyRecipe, ClassifierRecipe, HoldingRecipe, KeypointsRecipe, PoseRecipe, SegmenterRecipe
from training.tasks.classifier import ClassifierTraining
from training.tasks.detector import DetectorTraining
from training.tasks.holding import HoldingTraining
from training.tasks.keypoints import KeypointTraining
from training.tasks.pose import PoseTraining
from training.tasks.segmenter import SegmenterTraining


def task_from_recipe(recipe: AnyRecipe, data_root: Path, *, teacher: Path | None = None) -> TrainingTask:
    """Return the training that a recipe describes. Raises `UsageError` for a teacher that it cannot use."""
    if isinstance(recipe, ClassifierRecipe):
        return ClassifierTraining(recipe, data_root, teacher=teacher)
    if teacher is not None:
        raise UsageError(f"a {recipe.task} recipe learns from labels alone; leave the teacher out")
    if isinstance(recipe, HoldingRecipe):
        return HoldingTraining(recipe, data_root)
    if isinstance(recipe, KeypointsRecipe):
        return KeypointTraining(recipe, data_root)
    if isinstance(recipe, PoseRecipe):
        return PoseTraining(recipe, data_root)
    if isinstance(recipe, SegmenterRecipe):
        return SegmenterTraining(recipe, data_root)
    return DetectorTraining(recipe, data_root)
