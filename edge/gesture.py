# SPDX-License-Identifier: Apache-2.0
"""`picture_gesture`: what a picture as a whole shows, from the gestures of its hands."""

from __future__ import annotations

from edge.results import Hands, Label

NO_GESTURE = "no_gesture"


def picture_gesture(hands: Hands, *, min_score: float = 0.5) -> Label | None:
    """Return the most probable gesture among the hands of a picture, or None where none shows one.

    A hand whose most probable class is `no_gesture`, or whose gesture scores less than `min_score`, shows none.
    """
    labels = [hand.gesture for hand in hands]
    shown = [label for label in labels if label is not None and label.name != NO_GESTURE and label.score >= min_score]
    return max(shown, key=lambda label: label.score, default=None)
