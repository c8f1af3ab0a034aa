# SPDX-License-Identifier: Apache-2.0
"""Recipes: what to train, on which pictures and how; one file a task."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from training.recipe.classifier import ClassifierDataRecipe, ClassifierRecipe, CropAugment
from training.recipe.detector import DecodingRecipe, DetectionAugment, DetectorRecipe, SideStage
from training.recipe.holding import HOLDING_CLASSES, HoldingRecipe
from training.recipe.keypoints import KeypointAugment, KeypointsRecipe
from training.recipe.others import OthersRecipe
from training.recipe.placement import PlacementAugment
from training.recipe.pose import PoseAugment, PoseDataRecipe, PoseRecipe, PoseSetRecipe
from training.recipe.segmenter import SegmenterRecipe
from training.recipe.shared import RENDERED, DataRecipe, InputRecipe, ScheduleRecipe, SetRecipe, StrictRecipe

AnyRecipe: TypeAlias = (
    DetectorRecipe | ClassifierRecipe | HoldingRecipe | KeypointsRecipe | PoseRecipe | SegmenterRecipe
)
Recipe = Annotated[AnyRecipe, Field(discriminator="task")]

__all__ = [
    "HOLDING_CLASSES",
    "RENDERED",
    "AnyRecipe",
    "ClassifierDataRecipe",
    "ClassifierRecipe",
    "CropAugment",
    "DataRecipe",
    "DecodingRecipe",
    "DetectionAugment",
    "DetectorRecipe",
    "HoldingRecipe",
    "InputRecipe",
    "KeypointAugment",
    "KeypointsRecipe",
    "OthersRecipe",
    "PlacementAugment",
    "PoseAugment",
    "PoseDataRecipe",
    "PoseRecipe",
    "PoseSetRecipe",
    "Recipe",
    "ScheduleRecipe",
    "SegmenterRecipe",
    "SetRecipe",
    "SideStage",
    "StrictRecipe",
]
