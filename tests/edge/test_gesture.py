# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

import edge

NAMES = ("fist", "palm", "no_gesture")
NONE = -1


def hands_showing(*gestures: tuple[int, float]) -> edge.Hands:
    """Hands with these gestures, numbers into `NAMES`."""
    ids, scores = np.array([number for number, _ in gestures], np.int64), np.array([s for _, s in gestures], np.float32)
    boxes = np.tile(np.array([[0, 0, 9, 9]], np.float32), (len(ids), 1))
    return edge.Hands(boxes, np.full(len(ids), 0.9, np.float32), gestures=edge.Labels(NAMES, ids, scores))


def test_the_most_probable_gesture_of_all_hands_is_that_of_the_picture() -> None:
    told = edge.picture_gesture(hands_showing((0, 0.7), (1, 0.875), (2, 0.99)))
    assert told == edge.Label("palm", 0.875)


@pytest.mark.parametrize("hands", [edge.Hands.empty(), hands_showing((2, 0.9), (0, 0.4), (NONE, 0.8))])
def test_a_picture_whose_hands_show_none_has_no_gesture(hands: edge.Hands) -> None:
    assert edge.picture_gesture(hands) is None


def test_a_lower_threshold_lets_a_weaker_gesture_count() -> None:
    assert edge.picture_gesture(hands_showing((0, 0.25)), min_score=0.2) == edge.Label("fist", 0.25)
