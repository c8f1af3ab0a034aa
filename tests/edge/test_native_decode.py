# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge import _native

# A float32 coordinate of at most a few thousand pixels, after two roundings.
MAX_ERROR_PX = 1e-3
STRIDES = (8, 16, 32)


def golden_decode(
    levels: list[NDArray[np.float32]], strides: list[int], min_score: float, most: int
) -> tuple[list[list[float]], list[float]]:
    found = []
    for number, (level, stride) in enumerate(zip(levels, strides, strict=True)):
        for row in range(level.shape[1]):
            for column in range(level.shape[2]):
                logit, *distances = (float(value) for value in level[:, row, column])
                score = 1 / (1 + math.exp(-logit))
                if np.float32(score) < np.float32(min_score):
                    continue
                left, top, right, bottom = (max(distance, 0) * stride for distance in distances)
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                found.append((-logit, number, row, column, [x - left, y - top, x + right, y + bottom], score))
    found.sort(key=lambda one: one[:4])
    return [one[4] for one in found[:most]], [one[5] for one in found[:most]]


@st.composite
def level_maps(draw: st.DrawFn) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = [(5, draw(st.integers(1, 9)), draw(st.integers(1, 9))) for _ in range(draw(st.integers(0, 3)))]
    levels = [rng.normal(0, 3, shape).astype(np.float32) for shape in shapes]
    # Coarse logits make ties common.
    return [np.concatenate([np.round(level[:1]), level[1:]]) for level in levels]


@given(levels=level_maps(), min_score=st.floats(0, 1, width=32), most=st.integers(0, 60))
def test_cells_become_boxes_best_first(levels: list[NDArray[np.float32]], min_score: float, most: int) -> None:
    strides = list(STRIDES[: len(levels)])
    boxes, scores = _native.decode_ltrb([level[None] for level in levels], strides, 0, min_score, most)
    expected_boxes, expected_scores = golden_decode(levels, strides, min_score, most)
    assert boxes.shape == (len(expected_scores), 4)
    assert np.allclose(boxes, np.reshape(expected_boxes, (-1, 4)), atol=MAX_ERROR_PX)
    assert np.allclose(scores, expected_scores, atol=1e-6)


def test_a_negative_distance_is_none() -> None:
    level = np.array([3, -1, 2, -5, 0], np.float32).reshape(5, 1, 1)
    boxes, _ = _native.decode_ltrb([level[None]], [8], 0, 0.5, 10)
    assert boxes.tolist() == [[4, -12, 4, 4]]


@pytest.mark.parametrize("channel", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_cells_that_make_no_box_are_left_out(channel: int, value: float) -> None:
    level = np.ones((5, 1, 2), np.float32)
    level[channel, 0, 0] = value
    boxes, scores = _native.decode_ltrb([level[None]], [8], 0, 0.5, 10)
    assert np.isfinite(boxes).all()
    assert np.isfinite(scores).all()
    if not (channel == 0 and value == 3e38):
        assert boxes.tolist() == [[4, -4, 20, 12]]


def test_levels_that_are_views_decode_alike() -> None:
    level = np.random.default_rng(0).normal(0, 3, (2, 5, 6, 7)).astype(np.float32)
    wide = np.zeros((2, 5, 6, 14), np.float32)
    wide[..., ::2] = level
    alike = (_native.decode_ltrb([maps], [8], 1, 0.3, 99) for maps in (level, wide[..., ::2], level[1:].repeat(2, 0)))
    first, *others = ([values.tolist() for values in found] for found in alike)
    assert len(first[1]) > 1
    assert others == [first, first]


@pytest.mark.parametrize(
    ("levels", "strides", "picture", "min_score", "most", "message"),
    [
        ([np.zeros((1, 4, 2, 2), np.float32)], [8], 0, 0.5, 1, r"be \(N, 5, h, w\), got \(1, 4, 2, 2\)"),
        ([np.zeros((1, 5, 2, 2), np.float32)], [8, 16], 0, 0.5, 1, "equally many, got 1 and 2"),
        ([np.zeros((1, 5, 2, 2), np.float32)], [0], 0, 0.5, 1, "a stride must be at least 1"),
        ([np.zeros((2, 5, 2, 2), np.float32)], [8], 2, 0.5, 1, r"a row of every level, got 2 for \(2, 5, 2, 2\)"),
        ([np.zeros((2, 5, 2, 2), np.float32)], [8], -1, 0.5, 1, "a row of every level, got -1"),
        ([], [], 0, 0.5, -1, "max_candidates must not be negative"),
        ([], [], 0, math.nan, 1, "min_score must be a number"),
    ],
)
def test_wrong_arguments_are_explained(
    levels: list[NDArray[np.float32]], strides: list[int], picture: int, min_score: float, most: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _native.decode_ltrb(levels, strides, picture, min_score, most)
