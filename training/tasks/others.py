# SPDX-License-Identifier: Apache-2.0
"""Ears, feet, lamps: places that a detector takes for hands and that are none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from edge.errors import UsageError
from training import ranks
from training.checkpoint import read_checkpoint
from training.data.crops import LEAST_SIDE_PX
from training.data.loading import made_by
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.metrics import Found, Wanted, judged
from training.provenance import SOURCE_TREE
from training.recipe import DetectorRecipe, OthersRecipe
from training.tasks.detector import detect

# A box that shares more than this of itself, or of a hand, with a hand shows part of it.
TOUCHING_SHARE = 0.1


def others_of(
    samples: Sequence[HandSample], pictures: PictureStore, recipe: OthersRecipe, *, workers: int
) -> list[tuple[HandSample, FloatArray]]:
    """Run the recipe's detector over the pictures; return sample and box (4,) of what it finds beside all hands.

    What lies in an ignored region is left out. So many worker processes look, those that train together each at their
    share of the pictures, so all must call this.
    Raises `SourceError` when the checkpoint cannot be read and `UsageError` when it is no detector's.
    """
    checkpoint = read_checkpoint(SOURCE_TREE / recipe.detector)
    detector = checkpoint.recipe
    if not isinstance(detector, DetectorRecipe):
        raise UsageError(f"others.detector must be a detector's checkpoint, {recipe.detector} is a {detector.task}'s")
    model = checkpoint.model()

    def boxes_in(sample: HandSample) -> list[FloatArray]:
        found = detect(model, pictures[sample.path], detector)
        return list(_boxes_beside_hands(sample, found, recipe))

    found = zip(samples, ranks.spread(boxes_in, samples, by=partial(made_by, workers)), strict=True)
    return [(sample, box) for sample, boxes in found for box in boxes]


def described_detector(recipe: OthersRecipe) -> str:
    """Return the recipe's detector as a bundle's list of teachers names it. Raises `SourceError` as `others_of`."""
    path = SOURCE_TREE / recipe.detector
    read_checkpoint(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.name} (sha256 {digest[:16]}): what it took for hands teaches what is none"


def _boxes_beside_hands(sample: HandSample, found: Found, recipe: OthersRecipe) -> Iterator[FloatArray]:
    picture = judged(found, Wanted(sample.boxes_xyxy, sample.ignored), recipe.min_score)
    for box in picture.boxes_xyxy[~picture.excused & (picture.scores <= recipe.max_score)]:
        if not _touches(box, sample.boxes_xyxy) and float(np.max(box[2:] - box[:2])) >= LEAST_SIDE_PX:
            yield box


def _touches(box: FloatArray, hands: FloatArray) -> bool:
    low, high = np.maximum(hands[:, :2], box[:2]), np.minimum(hands[:, 2:], box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    smaller = np.minimum((hands[:, 2:] - hands[:, :2]).prod(axis=1), (box[2:] - box[:2]).prod())
    return bool((shared > TOUCHING_SHARE * smaller).any())
