# SPDX-License-Identifier: Apache-2.0
"""Rendered hands as training pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.scene import render_hand_sample
from training.augment.placement import Picture, Scene
from training.data.sample import FloatArray

MOST_HANDS = 4


def rendered_scene(rng: np.random.Generator, side_px: int, backdrops: Sequence[Picture]) -> Scene:
    """Return a rendered scene of one to four hands, `side_px` squared, before a backdrop where one is given."""
    hands = int(rng.integers(1, MOST_HANDS + 1))
    frame = render_hand_sample(rng, side_px, side_px, hands, backgrounds=backdrops or None)
    truth = frame.truth
    return Scene(frame.bgr, truth.boxes_xyxy, np.zeros(len(truth.boxes_xyxy), np.bool_))
