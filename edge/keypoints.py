# SPDX-License-Identifier: Apache-2.0
"""The 21 keypoints of a hand: their names and order, and the bones between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_JOINTS = {"thumb": ("cmc", "mcp", "ip", "tip")}
_JOINTS_OF_FINGERS = ("mcp", "pip", "dip", "tip")

# The order of MediaPipe Hands: the wrist, then from root to tip of each finger, the thumb first.
KEYPOINTS = (
    "wrist",
    *(f"{finger}_{joint}" for finger in FINGERS for joint in _JOINTS.get(finger, _JOINTS_OF_FINGERS)),
)
# Pairs of rows: each finger's chain, and across the palm.
CHAINS = tuple(tuple(range(4 * finger + 1, 4 * finger + 5)) for finger in range(len(FINGERS)))
PALM = (0, 1, 5, 9, 13, 17, 0)
WRIST, INDEX_ROOT, MIDDLE_ROOT, PINKY_ROOT = 0, 5, 9, 17
_SMALLEST = 1e-6


def normalised(
    keypoints_xy: NDArray[np.floating], *, upright: bool = False, one_sided: bool = False
) -> NDArray[np.float32]:
    """Return hands' keypoints (N, 21, 2) float32 from the wrist on, in units of the farthest one's distance to it.

    So neither place nor size is left. `upright` turns the root of the middle finger to stand above the wrist,
    `one_sided` mirrors hands whose little finger is then to the left of the index finger: right hands seen from the
    palm and left ones from the back.
    """
    points = np.asarray(keypoints_xy, np.float64)
    points = points - points[:, WRIST : WRIST + 1]
    points = points / np.maximum(np.linalg.norm(points, axis=2).max(axis=1), _SMALLEST)[:, None, None]
    along = points[:, MIDDLE_ROOT]
    length = np.maximum(np.linalg.norm(along, axis=1), _SMALLEST)
    # The direction of the hand as (0, -1): up, where y points down.
    cosine, sine = -along[:, 1] / length, -along[:, 0] / length
    if one_sided:
        across = points[:, PINKY_ROOT] - points[:, INDEX_ROOT]
        side = across[:, 0] * cosine - across[:, 1] * sine
        points[side < 0] = points[side < 0] * [-1, 1]
        sine = np.where(side < 0, -sine, sine)
    if upright:
        turn = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], 1)
        points = points @ turn
    return np.asarray(points, np.float32)
