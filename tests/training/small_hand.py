# SPDX-License-Identifier: Apache-2.0
"""A hand of plain colour with its outline and keypoints: a fist, or stretched fingers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE_PX = 160
# Beside each other, from the thumb on: where a finger begins, and how long it is.
_ROOTS_X = (52, 64, 75, 86, 97)
_KNUCKLE_Y, _WRIST_Y = 80, 118


def hand_points(*, curled: bool) -> NDArray[np.float32]:
    """Return keypoints (21, 2) in a picture of `SIDE_PX`; of a fist the tips come back to the palm."""
    steps = (0.0, -10.0, 2.0, 12.0) if curled else (0.0, -16.0, -30.0, -42.0)
    points = [(80.0, float(_WRIST_Y))]
    for number, x in enumerate(_ROOTS_X):
        begin = _KNUCKLE_Y + (20 if number == 0 else 0)
        points += [(float(x), begin + step * (0.5 if number == 0 else 1.0)) for step in steps]
    return np.array(points, np.float32)


def hand_outline(*, curled: bool) -> NDArray[np.float32]:
    """Return the outline (K, 2) about the keypoints."""
    points = hand_points(curled=curled)
    (left, top), (right, bottom) = points.min(0) - 7, points.max(0) + 7
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
