# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.geometry import (
    Affine,
    apply_boxes,
    apply_points,
    invert,
    iou_matrix,
    letterbox,
    rotated_crop,
    square_crops,
    stretch,
)

# Points are float32: a part in 2**23 of a few thousand pixels, and the maps multiply it by their scale.
MAX_ERROR_PX = 0.01

SIDES = st.integers(1, 4000)
TENSOR_SIDES = st.integers(1, 640)
COORDINATES = st.floats(-500, 500, width=32)
BOXES = st.lists(
    st.tuples(COORDINATES, COORDINATES, st.floats(0, 300, width=32), st.floats(0, 300, width=32)), max_size=8
).map(lambda boxes: np.array([[x, y, x + w, y + h] for x, y, w, h in boxes], np.float32).reshape(-1, 4))


def moved(matrix: Affine, x: float, y: float) -> tuple[float, float]:
    point = apply_points(matrix, np.array([x, y]))
    return float(point[0]), float(point[1])


@given(width=SIDES, height=SIDES, tensor_width=TENSOR_SIDES, tensor_height=TENSOR_SIDES)
def test_a_letterbox_is_centred_and_touches_two_sides(
    width: int, height: int, tensor_width: int, tensor_height: int
) -> None:
    matrix = letterbox(width, height, tensor_width, tensor_height)
    corners = apply_points(invert(matrix), np.array([[0, 0], [width, height]]))
    assert np.allclose(corners.sum(0), [tensor_width, tensor_height], atol=MAX_ERROR_PX)
    assert (corners[0] > -MAX_ERROR_PX).all()
    assert np.abs(corners[0]).min() < MAX_ERROR_PX
    assert matrix[0, 0] == matrix[1, 1]


@given(width=SIDES, height=SIDES, tensor_width=TENSOR_SIDES, tensor_height=TENSOR_SIDES)
def test_a_stretch_takes_corners_to_corners(width: int, height: int, tensor_width: int, tensor_height: int) -> None:
    matrix = stretch(width, height, tensor_width, tensor_height)
    assert moved(matrix, 0, 0) == (0, 0)
    assert moved(matrix, tensor_width, tensor_height) == pytest.approx((width, height))


def test_a_crop_is_a_square_with_its_margin() -> None:
    (matrix,) = square_crops(np.array([[100, 40, 160, 140]], np.float32), 0.15, 128)
    assert moved(matrix, 0, 0) == pytest.approx((65, 25))
    assert moved(matrix, 128, 128) == pytest.approx((195, 155))


def test_a_crop_of_a_box_without_area_can_be_undone() -> None:
    (matrix,) = square_crops(np.array([[7, 7, 7, 7]], np.float32), 0.0, 128)
    assert moved(matrix, 64, 64) == (7, 7)
    assert np.allclose(invert(invert(matrix)), matrix)


@given(angle=st.floats(-7, 7), x=COORDINATES, y=COORDINATES, side=st.floats(1, 900))
def test_a_turned_crop_points_along_its_angle(angle: float, x: float, y: float, side: float) -> None:
    matrix = rotated_crop((x, y), side, angle, 64)
    right = apply_points(matrix, np.array([64.0, 32.0]))
    expected = [x + math.cos(angle) * side / 2, y + math.sin(angle) * side / 2]
    assert moved(matrix, 32, 32) == pytest.approx((x, y), abs=MAX_ERROR_PX)
    assert np.allclose(right, expected, atol=MAX_ERROR_PX)


def test_a_crop_that_is_not_turned_is_a_square_crop() -> None:
    boxes = np.array([[30, 50, 70, 90], [0, 0, 8, 4]], np.float32)
    crops = square_crops(boxes, 0, 128)
    assert np.allclose(rotated_crop((50, 70), 40, 0, 128), crops[0])
    assert np.allclose(rotated_crop((4, 2), 8, 0, 128), crops[1])
    assert square_crops(boxes[:0], 0, 128).shape == (0, 2, 3)


@given(angle=st.floats(-7, 7), side=st.floats(10, 900), x=COORDINATES, y=COORDINATES)
def test_the_inverse_brings_points_back(angle: float, side: float, x: float, y: float) -> None:
    matrix = rotated_crop((40, 90), side, angle, 64)
    assert moved(invert(matrix), *moved(matrix, x, y)) == pytest.approx((x, y), abs=MAX_ERROR_PX)


def test_a_map_onto_a_line_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="flattens the plane"):
        invert(np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]]))


@given(boxes=BOXES, angle=st.floats(-7, 7))
def test_a_moved_box_holds_its_moved_corners(boxes: np.ndarray, angle: float) -> None:
    matrix = rotated_crop((5, 5), 32, angle, 64)
    after = apply_boxes(matrix, boxes)
    assert after.shape == boxes.shape
    for corner in ([0, 1], [2, 1], [2, 3], [0, 3]):
        points = apply_points(matrix, boxes[:, corner])
        assert (points >= after[:, :2] - MAX_ERROR_PX).all()
        assert (points <= after[:, 2:] + MAX_ERROR_PX).all()


def test_a_mirrored_box_keeps_its_corners_in_order() -> None:
    mirror = np.array([[-1.0, 0.0, 100.0], [0.0, 1.0, 0.0]])
    assert apply_boxes(mirror, np.array([[10, 20, 30, 40]], np.float32)).tolist() == [[70, 20, 90, 40]]


@given(a=BOXES, b=BOXES)
def test_overlaps_are_symmetric_and_at_most_one(a: np.ndarray, b: np.ndarray) -> None:
    overlaps = iou_matrix(a, b)
    assert overlaps.shape == (len(a), len(b))
    assert np.array_equal(overlaps, iou_matrix(b, a).T)
    assert ((overlaps >= 0) & (overlaps <= 1 + 1e-6)).all()


def test_overlaps_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 4, 4], [2, 0, 6, 4], [4, 0, 8, 4], [1, 1, 1, 3], [9, 9, 7, 7]], np.float32)
    third = np.float32(1 / 3)
    assert iou_matrix(boxes[:1], boxes).tolist() == [[1, third, 0, 0, 0]]
