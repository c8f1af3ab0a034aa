# SPDX-License-Identifier: Apache-2.0
"""The 21 keypoints of a hand: their names and order, and the bones between them."""

from __future__ import annotations

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
