# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.masks import Masks
from edge.pipeline.agreement import difference
from edge.results import Hands

HANDS = Hands(np.array([[10, 10, 50, 50], [60, 20, 90, 50]], np.float32), np.array([0.9, 0.8], np.float32))


def masked(width: int) -> Hands:
    """Return the hands, each with a mask that is so many of 40 cells wide; a cell covers 2 x 2 pixels."""
    logits = np.full((2, 40, 40), -1, np.float32)
    logits[:, :, :width] = 1
    return replace(HANDS, masks=Masks(logits, np.tile(np.array([[2.0, 0, 5], [0, 2, 5]]), (2, 1, 1))))


def test_masks_must_cover_the_same_pixels() -> None:
    assert difference(masked(40), masked(40)) is None
    assert difference(masked(0), masked(0)) is None
    assert difference(masked(36), masked(40)) == "the mask of hand 0 has an IoU of 0.900"


def test_masks_that_one_side_lacks_are_a_difference() -> None:
    assert difference(HANDS, masked(40)) == "the mask of hand 0 has an IoU of 0.000"
    assert difference(HANDS, HANDS) is None


def test_hands_of_nearly_equal_scores_may_swap_ranks() -> None:
    scores = np.array([0.801, 0.8], np.float32)
    expected = replace(masked(40), scores=scores)
    swapped = replace(expected[[1, 0]], scores=scores)
    assert difference(swapped, expected) is None
    assert difference(replace(swapped, scores=np.array([0.801, 0.7], np.float32)), expected) == (
        "the score of hand 0 is 0.700 instead of 0.801"
    )


def test_a_hand_that_is_elsewhere_is_a_difference() -> None:
    moved = HANDS.boxes_xyxy.copy()
    moved[1] += 100
    assert difference(replace(HANDS, boxes_xyxy=moved), HANDS) == "the box of hand 1 is 100.00 px off"
    doubled = replace(HANDS, boxes_xyxy=HANDS.boxes_xyxy[[0, 0]])
    assert difference(doubled, HANDS) == "the box of hand 1 is 50.00 px off"
    assert difference(HANDS[:0], HANDS[:0]) is None
