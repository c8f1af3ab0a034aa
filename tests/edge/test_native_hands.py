# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from edge import _native
from edge.geometry import apply_boxes


def overlap(a: list[int], b: list[int]) -> Fraction:
    """Intersection over union, without rounding."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return Fraction(0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return Fraction(width * height, areas - width * height)


def golden_nms(boxes: list[list[int]], scores: list[float], iou: Fraction, most: int) -> list[int]:
    kept: list[int] = []
    for candidate in sorted(range(len(boxes)), key=lambda index: (-scores[index], index)):
        if len(kept) < most and all(overlap(boxes[winner], boxes[candidate]) <= iou for winner in kept):
            kept.append(candidate)
    return kept


@st.composite
def whole_boxes(draw: st.DrawFn) -> list[list[int]]:
    sides, places = st.integers(0, 8), st.integers(-4, 12)
    corners = draw(st.lists(st.tuples(places, places, sides, sides), max_size=25))
    return [[x, y, x + width, y + height] for x, y, width, height in corners]


def as_arrays(boxes: list[list[int]], scores: list[float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32)


AS_IT_IS = np.eye(2, 3)
# Every box that `whole_boxes` makes, moved by this much, lies within a picture of 32 x 32 pixels.
WITHIN = np.array([[1.0, 0.0, 8.0], [0.0, 1.0, 8.0]])
SIDE_PX = 32
# A float32 coordinate of a few thousand pixels, after one rounding.
MAX_ERROR_PX = 1e-3


def kept_of(boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float, most: int) -> list[int]:
    """Rows of the boxes with an area that suppression keeps, in a picture that holds all of them."""
    _, rows = _native.place_hands(boxes, scores, iou, most, WITHIN, SIDE_PX, SIDE_PX)
    return [int(row) for row in rows]


@given(data=st.data(), boxes=whole_boxes(), eighths=st.integers(0, 8), most=st.integers(0, 30))
def test_keeps_what_the_definition_keeps(data: st.DataObject, boxes: list[list[int]], eighths: int, most: int) -> None:
    scores = [data.draw(st.sampled_from([0.25, 0.5, 0.75, 1.0])) for _ in boxes]
    kept = golden_nms(boxes, scores, Fraction(eighths, 8), most)
    seen = [row for row in kept if boxes[row][0] < boxes[row][2] and boxes[row][1] < boxes[row][3]]
    assert kept_of(*as_arrays(boxes, scores), eighths / 8, most) == seen


@given(boxes=whole_boxes(), iou=st.floats(0, 1))
def test_what_is_kept_is_kept_again(boxes: list[list[int]], iou: float) -> None:
    arrays = as_arrays(boxes, [1 - index / 100 for index in range(len(boxes))])
    kept = kept_of(*arrays, iou, 100)
    assert kept_of(arrays[0][kept], arrays[1][kept], iou, 100) == list(range(len(kept)))


def test_equal_scores_keep_the_order_given() -> None:
    boxes, scores = as_arrays([[0, 0, 4, 4], [20, 0, 24, 4], [0, 0, 4, 4]], [0.5, 0.5, 0.5])
    assert kept_of(boxes, scores, 0.5, 10) == [0, 1]


def test_boxes_that_touch_do_not_overlap() -> None:
    boxes, scores = as_arrays([[0, 0, 4, 4], [4, 0, 8, 4], [0, 4, 4, 8], [4, 4, 8, 8]], [0.9, 0.8, 0.7, 0.6])
    assert kept_of(boxes, scores, 0.0, 10) == [0, 1, 2, 3]


def test_an_overlap_of_exactly_the_threshold_is_allowed() -> None:
    boxes, scores = as_arrays([[0, 0, 4, 4], [0, 0, 4, 2]], [0.9, 0.8])
    assert kept_of(boxes, scores, 0.5, 10) == [0, 1]
    assert kept_of(boxes, scores, 0.49, 10) == [0]


def test_boxes_without_area_suppress_nothing() -> None:
    boxes, scores = as_arrays([[2, 2, 2, 2], [2, 2, 2, 2], [0, 0, 4, 4], [0, 2, 4, 2]], [0.9, 0.8, 0.7, 0.6])
    assert kept_of(boxes, scores, 0.0, 10) == [2]


def test_no_boxes_keep_none() -> None:
    boxes, rows = _native.place_hands(*as_arrays([], []), 0.5, 10, AS_IT_IS, 8, 8)
    assert (boxes.dtype, boxes.shape) == (np.float32, (0, 4))
    assert (rows.dtype, rows.shape) == (np.int64, (0,))


def test_what_lies_in_the_padding_alone_is_left_out_and_the_rest_is_cut_at_the_border() -> None:
    arrays = as_arrays([[-4, -4, 0, 4], [-4, 2, 4, 20], [1, 1, 3, 3]], [0.9, 0.8, 0.7])
    boxes, rows = _native.place_hands(*arrays, 0.5, 10, AS_IT_IS, 8, 8)
    assert rows.tolist() == [1, 2]
    assert boxes.tolist() == [[0, 2, 4, 8], [1, 1, 3, 3]]


@given(
    boxes=whole_boxes(),
    matrix=arrays.arrays(np.float64, (2, 3), elements=st.floats(-50, 50)),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
)
def test_boxes_are_moved_as_their_corners_are(
    boxes: list[list[int]], matrix: NDArray[np.float64], width: int, height: int
) -> None:
    given_boxes, scores = as_arrays(boxes, [0.5] * len(boxes))
    placed, rows = _native.place_hands(given_boxes, scores, 1.0, 100, matrix, width, height)
    moved = np.clip(apply_boxes(matrix, given_boxes), 0, np.array([width, height] * 2, np.float32))
    assert np.allclose(placed, moved[rows], atol=MAX_ERROR_PX)
    left_out = np.delete(moved, rows, axis=0)
    assert ((left_out[:, 2:] - left_out[:, :2]).min(axis=1) <= MAX_ERROR_PX).all()


@pytest.mark.parametrize(
    ("boxes", "scores", "changes", "message"),
    [
        ([[0, 0, np.nan, 1]], [0.5], {}, "must be finite, those of box 0 are not"),
        ([[0, 0, 1, 1]], [np.nan], {}, "must be finite"),
        ([[0, 0, 1, 1], [2, 0, 1, 1]], [0.5, 0.5], {}, "box 1 is not"),
        ([[0, 0, 1, 1]], [0.5, 0.5], {}, r"got \(1, 4\) and \(2,\)"),
        ([[0, 0, 1, 1]], [0.5], {"iou": 1.5}, "iou must be within 0..1"),
        ([[0, 0, 1, 1]], [0.5], {"max_keep": -1}, "max_keep must not be negative"),
        ([[0, 0, 1, 1]], [0.5], {"matrix": np.eye(3)}, r"matrix must be \(2, 3\), got \(3, 3\)"),
        ([[0, 0, 1, 1]], [0.5], {"matrix": np.full((2, 3), np.nan)}, "matrices must be finite"),
        ([[0, 0, 1, 1]], [0.5], {"height": 0}, "at least 1"),
    ],
)
def test_wrong_arguments_are_explained(
    boxes: list[list[float]], scores: list[float], changes: dict[str, Any], message: str
) -> None:
    arguments: dict[str, Any] = {"iou": 0.5, "max_keep": 10, "matrix": AS_IT_IS, "width": 8, "height": 8}
    with pytest.raises(ValueError, match=message):
        _native.place_hands(np.array(boxes, np.float32), np.array(scores, np.float32), **arguments | changes)
