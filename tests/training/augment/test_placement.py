# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.geometry import apply_boxes, apply_points, invert
from tests.training.small_sets import sample_with
from training.augment.placement import clipped, draw, filling, moved_boxes, placement

# Boxes are float32, a thousand pixels at most.
TOLERANCE_PX = 2e-3

scales = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5))
angles = st.floats(-math.pi, math.pi)
points = st.tuples(st.floats(-100, 300), st.floats(-100, 300)).map(np.array)
boxes = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(5, 90), st.floats(5, 90)).map(
    lambda box: np.array([[box[0], box[1], box[0] + box[2], box[1] + box[3]]])
)


@given(scales, angles, st.booleans(), points, points)
def test_the_named_point_lands_on_its_target(
    scale: tuple[float, float], angle: float, mirrored: bool, source: NDArray[np.float64], target: NDArray[np.float64]
) -> None:
    matrix = placement(scale_xy=scale, angle_rad=angle, mirrored=mirrored, source=source, target=target)
    np.testing.assert_allclose(matrix[:, :2] @ source + matrix[:, 2], target, atol=1e-9)
    area = math.prod(scale) * (-1 if mirrored else 1)
    assert np.linalg.det(matrix[:, :2]) == pytest.approx(area)


@given(scales, st.booleans(), boxes)
def test_without_rotation_boxes_move_exactly(
    scale: tuple[float, float], mirrored: bool, box: NDArray[np.float64]
) -> None:
    matrix = placement(
        scale_xy=scale, angle_rad=0.0, mirrored=mirrored, source=np.array([7.0, 3.0]), target=np.array([50.0, 40.0])
    )
    np.testing.assert_allclose(moved_boxes(sample_with(box), matrix), apply_boxes(matrix, box), atol=TOLERANCE_PX)


def test_a_mirrored_box_lies_on_the_other_side() -> None:
    middle = np.array([32.0, 24.0])
    matrix = placement(scale_xy=(1.0, 1.0), angle_rad=0.0, mirrored=True, source=middle, target=middle)
    np.testing.assert_allclose(moved_boxes(sample_with([[4, 5, 14, 25]]), matrix), [[50, 5, 60, 25]])


@given(scales, angles, st.booleans(), boxes)
def test_a_turned_box_is_the_extent_of_its_ellipse(
    scale: tuple[float, float], angle: float, mirrored: bool, box: NDArray[np.float64]
) -> None:
    matrix = placement(scale_xy=scale, angle_rad=angle, mirrored=mirrored, source=np.zeros(2), target=np.zeros(2))
    turns = np.linspace(0, 2 * np.pi, 721)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    rim = apply_points(matrix, (box[0, :2] + box[0, 2:]) / 2 + circle * (box[0, 2:] - box[0, :2]) / 2)
    extent = np.concatenate([rim.min(0), rim.max(0)])
    # Half a degree apart, points of the rim miss its extremes by less than a part in twenty thousand.
    np.testing.assert_allclose(moved_boxes(sample_with(box), matrix)[0], extent, atol=0.05)


@given(scales, angles, st.booleans(), boxes, st.integers(0, 1000))
def test_a_turned_hand_keeps_its_keypoints_in_its_box(
    scale: tuple[float, float], angle: float, mirrored: bool, box: NDArray[np.float64], seed: int
) -> None:
    matrix = placement(scale_xy=scale, angle_rad=angle, mirrored=mirrored, source=np.zeros(2), target=np.zeros(2))
    within = np.random.default_rng(seed).uniform(box[0, :2], box[0, 2:], (1, 21, 2)).astype(np.float32)
    (moved,) = moved_boxes(sample_with(box, keypoints=within), matrix)
    hand = apply_points(matrix, within[0])
    assert (hand >= moved[:2] - TOLERANCE_PX).all()
    assert (hand <= moved[2:] + TOLERANCE_PX).all()


def test_a_turned_hand_has_a_tighter_box_than_its_corners() -> None:
    fingers = np.tile(np.linspace([12, 20], [48, 20], 21, dtype=np.float32), (1, 1, 1))
    sample = sample_with([[10, 18, 50, 22]], keypoints=fingers)
    matrix = placement(
        scale_xy=(1, 1), angle_rad=math.pi / 2, mirrored=False, source=np.array([30, 20]), target=np.array([30, 20])
    )
    np.testing.assert_allclose(moved_boxes(sample, matrix), [[28, 0, 32, 40]], atol=1e-3)


def test_hands_outside_go_and_those_mostly_outside_or_too_small_are_ignored() -> None:
    hands = np.array(
        [[10, 10, 40, 40], [-30, 10, 10, 40], [-10, 10, 30, 40], [100, 0, 130, 20], [20, 20, 25, 60], [5, 5, 20, 20]],
        np.float32,
    )
    flags = np.array([False, False, False, False, False, True])
    inside, ignored = clipped(hands, flags, 64, 64)
    expected = [[10, 10, 40, 40], [0, 10, 10, 40], [0, 10, 30, 40], [20, 20, 25, 60], [5, 5, 20, 20]]
    np.testing.assert_array_equal(inside, expected)
    assert ignored.tolist() == [False, True, False, True, True]


def test_a_picture_without_hands_has_nothing_to_cut() -> None:
    inside, ignored = clipped(np.zeros((0, 4), np.float32), np.zeros(0, np.bool_), 64, 64)
    assert inside.shape == (0, 4)
    assert ignored.shape == (0,)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(4).integers(0, 256, (height, width, 3), np.uint8)


def drawn_slowly(canvas: NDArray[np.uint8], picture: NDArray[np.uint8], matrix: NDArray[np.float64]) -> None:
    """Draw pixel by pixel: the bilinear value where a canvas pixel's centre falls; outside nothing changes."""
    back = invert(matrix)
    height, width = picture.shape[:2]
    for y in range(canvas.shape[0]):
        for x in range(canvas.shape[1]):
            sx, sy = back[:, :2] @ [x + 0.5, y + 0.5] + back[:, 2] - 0.5
            left, top = math.floor(sx), math.floor(sy)
            if 0 <= left < width - 1 and 0 <= top < height - 1:
                fx, fy = sx - left, sy - top
                rows = picture[top : top + 2, left : left + 2].astype(float)
                across = rows[:, 0] * (1 - fx) + rows[:, 1] * fx
                canvas[y, x] = np.round(across[0] * (1 - fy) + across[1] * fy)


def test_at_identity_the_canvas_shows_the_picture() -> None:
    canvas = np.zeros((20, 30, 3), np.uint8)
    draw(canvas, noise(20, 30), np.eye(3)[:2])
    np.testing.assert_array_equal(canvas, noise(20, 30))


@pytest.mark.parametrize("shift", [(5, 3), (-4, 2), (0, -7), (25, 15)])
def test_at_whole_shifts_pixels_move_and_the_rest_of_the_canvas_stays(shift: tuple[int, int]) -> None:
    canvas = np.full((24, 36, 3), 77, np.uint8)
    expected = canvas.copy()
    picture = noise(20, 30)
    for y in range(20):
        for x in range(30):
            if 0 <= y + shift[1] < 24 and 0 <= x + shift[0] < 36:
                expected[y + shift[1], x + shift[0]] = picture[y, x]
    draw(canvas, picture, np.column_stack([np.eye(2), shift]))
    np.testing.assert_array_equal(canvas, expected)


@pytest.mark.parametrize(("scale", "angle"), [((1.7, 1.4), 0.0), ((1.0, 1.2), 0.6), ((2.5, 2.5), -2.0)])
def test_an_enlarged_and_turned_picture_agrees_with_the_reference(scale: tuple[float, float], angle: float) -> None:
    picture = noise(16, 20)
    middle, target = np.array([10.0, 8.0]), np.array([22.5, 19.0])
    matrix = placement(scale_xy=scale, angle_rad=angle, mirrored=True, source=middle, target=target)
    # The border of the picture, half a pixel wide, may be drawn or not: look where the reference draws.
    fast, slow = np.full((40, 48, 3), 77, np.uint8), np.full((40, 48, 3), 77, np.uint8)
    draw(fast, picture, matrix)
    drawn_slowly(slow, picture, matrix)
    inside = (slow != 77).any(2)
    assert inside.sum() > 300
    difference = np.abs(fast[inside].astype(int) - slow[inside])
    # OpenCV weighs neighbours in 32nds of a pixel.
    assert difference.max() <= 255 * 2 / 32
    assert difference.mean() < 2


def test_a_strongly_reduced_picture_is_averaged() -> None:
    picture = noise(240, 320)
    canvas = np.full((30, 40, 3), 77, np.uint8)
    draw(canvas, picture, np.array([[1 / 8, 0, 0.0], [0, 1 / 8, 0.0]]))
    means = picture.reshape(30, 8, 40, 8, 3).mean(axis=(1, 3))
    # Pixels scatter by 74, means of 64 of them by 9; a bilinear sample alone would still scatter by 37.
    assert canvas.std() < 15
    assert np.abs(canvas - means).mean() < 6


def test_a_reduced_picture_stays_in_its_place() -> None:
    picture = np.zeros((99, 131, 3), np.uint8)
    picture[33:66, 40:80] = 255
    canvas = np.zeros((40, 50, 3), np.uint8)
    matrix = placement(
        scale_xy=(0.3, 0.3), angle_rad=0.0, mirrored=False, source=np.array([60.0, 49.5]), target=np.array([25.0, 20.0])
    )
    draw(canvas, picture, matrix)
    rows, columns = np.nonzero(canvas[..., 0] > 127)
    x1, y1, x2, y2 = apply_boxes(matrix, np.array([[40, 33, 80, 66]]))[0]
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(found, [x1, y1, x2, y2], atol=1)


@given(st.floats(0.2, 4), st.booleans(), points, points)
def test_a_picture_fills_the_canvas_or_lies_within_it(
    scale: float, mirrored: bool, source: NDArray[np.float64], target: NDArray[np.float64]
) -> None:
    sample = sample_with([[4, 5, 14, 25]])
    matrix = placement(scale_xy=(scale, scale), angle_rad=0.0, mirrored=mirrored, source=source, target=target)
    picture = np.array([[0.0, 0.0, sample.width_px, sample.height_px]])
    ((x1, y1, x2, y2),) = apply_boxes(filling(matrix, sample, 90, 60), picture)
    for low, high, size in ((x1, x2, 90), (y1, y2, 60)):
        covers = low <= TOLERANCE_PX and high >= size - TOLERANCE_PX
        within = low >= -TOLERANCE_PX and high <= size + TOLERANCE_PX
        assert covers if high - low > size else within


def test_a_picture_that_fills_the_canvas_stays_where_it_is() -> None:
    sample = sample_with([[4, 5, 14, 25]])
    matrix = placement(
        scale_xy=(3.0, 3.0), angle_rad=0.1, mirrored=False, source=np.array([32.0, 24.0]), target=np.array([45.0, 30.0])
    )
    np.testing.assert_array_equal(filling(matrix, sample, 90, 60), matrix)
