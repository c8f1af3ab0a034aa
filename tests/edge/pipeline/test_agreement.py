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
