# SPDX-License-Identifier: Apache-2.0
"""Ears, feet, lamps: places that a detector takes for hands and that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edge.errors import UsageError
from edge.geometry import iou_matrix
from training.checkpoint import read_checkpoint
from training.data.crops import LEAST_SIDE_PX, OTHER, UNKNOWN, HandCrop
from training.data.pictures import PictureStore
from training.data.sample import HandSample
from training.metrics import Found, Wanted, judged
from training.provenance import SOURCE_TREE
from training.recipe import DetectorRecipe, OthersRecipe
from training.tasks.detector import detect

# A box that overlaps a hand more than this shows part of it.
TOUCHING_IOU = 0.1


def others_of(
    samples: Sequence[HandSample], pictures: PictureStore, recipe: OthersRecipe, weights: dict[str, float]
) -> list[HandCrop]:
    """Run the recipe's detector over the pictures and return what it finds there beside all hands and ignored regions.

    Raises `SourceError` when the checkpoint cannot be read and `UsageError` when it is no detector's.
    """
    checkpoint = read_checkpoint(SOURCE_TREE / recipe.detector)
    detector = checkpoint.recipe
    if not isinstance(detector, DetectorRecipe):
        raise UsageError(f"others.detector must be a detector's checkpoint, {recipe.detector} is a {detector.task}'s")
    model = checkpoint.model()
    return [
        crop
        for sample in samples
        for crop in _others_in(
            sample, detect(model, pictures[sample.path], detector), recipe.min_score, weights.get(sample.dataset, 1.0)
        )
    ]


def _others_in(sample: HandSample, found: Found, min_score: float, weight: float) -> Iterator[HandCrop]:
    picture = judged(found, Wanted(sample.boxes_xyxy, sample.ignored), min_score)
    for box, told in zip(picture.boxes_xyxy, picture.hit | picture.excused, strict=True):
        touches = len(sample.boxes_xyxy) and iou_matrix(box[None], sample.boxes_xyxy).max() > TOUCHING_IOU
        if not told and not touches and float(np.max(box[2:] - box[:2])) >= LEAST_SIDE_PX:
            yield HandCrop(Path(sample.path), box, UNKNOWN, UNKNOWN, weight, presence=OTHER)
