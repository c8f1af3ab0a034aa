# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge import _native


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


@given(data=st.data(), boxes=whole_boxes(), eighths=st.integers(0, 8), most=st.integers(0, 30))
def test_keeps_what_the_definition_keeps(data: st.DataObject, boxes: list[list[int]], eighths: int, most: int) -> None:
    scores = [data.draw(st.sampled_from([0.25, 0.5, 0.75, 1.0])) for _ in boxes]
    kept = _native.nms(*as_arrays(boxes, scores), eighths / 8, most)
    assert kept.tolist() == golden_nms(boxes, scores, Fraction(eighths, 8), most)


@given(boxes=whole_boxes(), iou=st.floats(0, 1))
def test_what_is_kept_is_kept_again(boxes: list[list[int]], iou: float) -> None:
    arrays = as_arrays(boxes, [1 - index / 100 for index in range(len(boxes))])
    kept = _native.nms(*arrays, iou, 100)
    again = _native.nms(arrays[0][kept], arrays[1][kept], iou, 100)
    assert again.tolist() == list(range(len(kept)))


def test_equal_scores_keep_the_order_given() -> None:
    boxes, scores = as_arrays([[0, 0, 4, 4], [20, 0, 24, 4], [0, 0, 4, 4]], [0.5, 0.5, 0.5])
    assert _native.nms(boxes, scores, 0.5, 10).tolist() == [0, 1]


def test_boxes_that_touch_do_not_overlap() -> None:
    boxes, scores = as_arrays([[0, 0, 4, 4], [4, 0, 8, 4], [0, 4, 4, 8], [4, 4, 8, 8]], [0.9, 0.8, 0.7, 0.6])
    assert _native.nms(boxes, scores, 0.0, 10).tolist() == [0, 1, 2, 3]


def test_an_overlap_of_exactly_the_threshold_is_allowed() -> None:
    boxes, scores = as_arrays([[0, 0, 4, 4], [0, 0, 4, 2]], [0.9, 0.8])
    assert _native.nms(boxes, scores, 0.5, 10).tolist() == [0, 1]
    assert _native.nms(boxes, scores, 0.49, 10).tolist() == [0]


def test_boxes_without_area_suppress_nothing() -> None:
    boxes, scores = as_arrays([[2, 2, 2, 2], [2, 2, 2, 2], [0, 0, 4, 4], [0, 2, 4, 2]], [0.9, 0.8, 0.7, 0.6])
    assert _native.nms(boxes, scores, 0.0, 10).tolist() == [0, 1, 2, 3]


def test_no_boxes_keep_none() -> None:
    kept = _native.nms(*as_arrays([], []), 0.5, 10)
    assert kept.dtype == np.int64
    assert kept.shape == (0,)


@pytest.mark.parametrize(
    ("boxes", "scores", "iou", "message"),
    [
        ([[0, 0, np.nan, 1]], [0.5], 0.5, "must be finite, those of box 0 are not"),
        ([[0, 0, 1, 1]], [np.nan], 0.5, "must be finite"),
        ([[0, 0, 1, 1], [2, 0, 1, 1]], [0.5, 0.5], 0.5, "box 1 is not"),
        ([[0, 0, 1, 1]], [0.5, 0.5], 0.5, r"got \(1, 4\) and \(2,\)"),
        ([[0, 0, 1, 1]], [0.5], 1.5, "iou must be within 0..1"),
    ],
)
def test_wrong_arguments_are_explained(boxes: list[list[float]], scores: list[float], iou: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _native.nms(np.array(boxes, np.float32), np.array(scores, np.float32), iou, 10)
