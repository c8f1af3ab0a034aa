# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drawing import draw_hands, draw_rate, label
from edge.errors import UsageError
from edge.results import Hands, Labels

GESTURES = ("palm", "two_up_inverted", "no_gesture")
EDGES = st.floats(-300, 3000, width=32)


def hands(*boxes: tuple[float, float, float, float], tracks: list[int] | None = None) -> Hands:
    count = len(boxes)
    return Hands(
        np.array(boxes, np.float32).reshape(count, 4),
        np.full(count, 0.5, np.float32),
        track_ids=None if tracks is None else np.array(tracks, np.int64),
    )


def test_label_says_what_is_known() -> None:
    ones = np.array([0.987, 0.6, 0.9, 0.9], np.float32)
    gestures = Labels(GESTURES, np.array([0, 1, 2, -1]), ones)
    sides = Labels(("left", "right"), np.array([0, 1, -1, 0]), ones)
    known = Hands(np.zeros((4, 4), np.float32), ones, gestures, sides)
    assert [label(hand) for hand in known] == ["left palm 0.99", "right two up inverted 0.60", "hand", "left hand 0.90"]


def test_a_gesture_that_is_less_likely_than_not_is_not_written() -> None:
    doubtful = Labels(GESTURES, np.array([0, 0], np.int64), np.array([0.49, 0.5], np.float32))
    known = Hands(np.zeros((2, 4), np.float32), np.ones(2, np.float32), doubtful)
    assert [label(hand) for hand in known] == ["hand", "palm 0.50"]


def test_label_says_what_is_held() -> None:
    held = Labels(("holding", "empty"), np.array([0, 1], np.int64), np.full(2, 0.8, np.float32))
    gestures = Labels(GESTURES, np.array([0, 0], np.int64), np.full(2, 0.9, np.float32))
    known = Hands(np.zeros((2, 4), np.float32), np.ones(2, np.float32), gestures, holding=held)
    assert [label(hand) for hand in known] == ["palm holding 0.90", "palm 0.90"]


def test_bones_are_drawn_between_sure_keypoints_alone() -> None:
    points = np.zeros((1, 21, 3), np.float32)
    points[0, :, :2] = np.column_stack([np.linspace(100, 300, 21), np.linspace(350, 400, 21)])
    drawn = []
    for score in (0.1, 0.9):
        points[..., 2] = score
        pixels = np.zeros((480, 640, 3), np.uint8)
        draw_hands(pixels, replace(hands((50, 50, 90, 90)), keypoints=points.copy()))
        drawn.append(bool(pixels[340:410].any()))
    assert drawn == [False, True]
    # Far outside the picture, as OpenCV's coordinates may not be.
    draw_hands(pixels, replace(hands((50, 50, 90, 90)), keypoints=points * np.float32(1e9)))


@settings(max_examples=60)
@given(
    st.integers(1, 900),
    st.integers(1, 900),
    st.lists(st.tuples(EDGES, EDGES, EDGES, EDGES), max_size=4),
    st.floats(0, 2000),
)
def test_any_box_on_any_picture_can_be_drawn(
    width_px: int, height_px: int, corners: list[tuple[float, float, float, float]], fps: float
) -> None:
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    pixels = np.zeros((height_px, width_px, 3), np.uint8)
    draw_hands(pixels, hands(*boxes))
    draw_rate(pixels, fps)


@pytest.mark.parametrize("scale", [1, 2, 6])
def test_lines_and_text_grow_with_the_picture(scale: int) -> None:
    pixels = np.zeros((360 * scale, 640 * scale, 3), np.uint8)
    draw_hands(pixels, hands((200 * scale, 100 * scale, 400 * scale, 300 * scale)))
    share = float((pixels > 0).any(axis=2).mean())
    assert 0.008 < share < 0.04


def test_label_of_a_hand_at_the_border_stays_in_the_picture() -> None:
    for box in ((600, 0, 640, 40), (0, 0, 5, 5), (630, 470, 640, 480)):
        pixels = np.zeros((480, 640, 3), np.uint8)
        draw_hands(pixels, hands(box))
        inside = np.zeros_like(pixels)
        draw_hands(inside, hands((300, 200, 300 + box[2] - box[0], 200 + box[3] - box[1])))
        assert (pixels > 0).sum() > 0.6 * (inside > 0).sum()


def test_tracks_keep_their_colour_whatever_comes_beside_them() -> None:
    box = (100, 100, 200, 200)
    alone, together = np.zeros((480, 640, 3), np.uint8), np.zeros((480, 640, 3), np.uint8)
    draw_hands(alone, hands(box, tracks=[4]))
    draw_hands(together, hands((400, 300, 500, 400), box, tracks=[1, 4]))
    assert np.array_equal(alone[50:210, 50:250], together[50:210, 50:250])
    assert not np.array_equal(together[300, 400:500], together[100, 100:200])


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.broadcast_to(np.uint8(0), (4, 4, 3))],
    ids=["grey", "float", "read-only"],
)
def test_picture_that_cannot_be_drawn_on_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(UsageError, match="must be writable"):
        draw_hands(pixels, Hands.empty())
