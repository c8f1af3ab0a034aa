# SPDX-License-Identifier: Apache-2.0
"""Affine maps of the plane, boxes and their overlap.

A map is (2, 3) float64 and takes continuous coordinates to continuous coordinates: pixel i covers i to i + 1, its
centre is i + 0.5. The maps made here go from a tensor back to the picture, which is what warping needs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]
Boxes = NDArray[np.float32]


def letterbox(width_px: int, height_px: int, tensor_width_px: int, tensor_height_px: int) -> Affine:
    """Return the map of a picture scaled as a whole into the tensor, centred, its proportions kept."""
    scale = max(width_px / tensor_width_px, height_px / tensor_height_px)
    left = (width_px - tensor_width_px * scale) / 2
    top = (height_px - tensor_height_px * scale) / 2
    return np.array([[scale, 0.0, left], [0.0, scale, top]])


def stretch(width_px: int, height_px: int, tensor_width_px: int, tensor_height_px: int) -> Affine:
    """Return the map of a picture that fills the tensor, its proportions given up."""
    return np.array([[width_px / tensor_width_px, 0.0, 0.0], [0.0, height_px / tensor_height_px, 0.0]])


def square_crops(boxes_xyxy: Boxes, margin: float, tensor_side_px: int) -> Affine:
    """Return the maps (N, 2, 3) of the squares about `boxes_xyxy` (N, 4).

    A square's side is the box's longer one, grown by `margin` of itself on both ends.
    """
    maps = []
    for x1, y1, x2, y2 in boxes_xyxy.tolist():
        side = max(x2 - x1, y2 - y1, 1.0) * (1 + 2 * margin)
        scale = side / tensor_side_px
        maps.append([[scale, 0.0, (x1 + x2 - side) / 2], [0.0, scale, (y1 + y2 - side) / 2]])
    return np.array(maps, np.float64).reshape(-1, 2, 3)


def rotated_crop(centre_xy: tuple[float, float], side_px: float, angle_rad: float, tensor_side_px: int) -> Affine:
    """Return the map of a square about `centre_xy` whose own x axis points along `angle_rad` in the picture."""
    scale = side_px / tensor_side_px
    cosine, sine = math.cos(angle_rad) * scale, math.sin(angle_rad) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, np.array(centre_xy) - linear @ np.full(2, tensor_side_px / 2)])


def invert(matrix: Affine) -> Affine:
    """Return the map that undoes `matrix`; raises `ValueError` when it flattens the plane."""
    if abs(np.linalg.det(matrix[:, :2])) < 1e-12:
        raise ValueError(f"the map has no inverse: its linear part {matrix[:, :2].tolist()} flattens the plane")
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def apply_points(matrix: Affine, points_xy: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return points (..., 2) float32 after the map."""
    return np.asarray(points_xy @ matrix[:, :2].T + matrix[:, 2], np.float32)


def apply_boxes(matrix: Affine, boxes_xyxy: NDArray[np.floating]) -> Boxes:
    """Return boxes (N, 4) float32 after the map: the upright boxes about their moved corners."""
    x1, y1, x2, y2 = np.asarray(boxes_xyxy, np.float64).reshape(-1, 4).T
    corners = np.stack([np.stack([x, y], -1) for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))], 1)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([moved.min(1), moved.max(1)], axis=1).astype(np.float32)


def iou_matrix(a_xyxy: Boxes, b_xyxy: Boxes) -> NDArray[np.float32]:
    """Return the overlaps (N, M) float32 of boxes (N, 4) with boxes (M, 4); a box without area overlaps nothing."""
    low = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    high = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(1) for boxes in (a_xyxy, b_xyxy)]
    union = areas[0][:, None] + areas[1][None] - shared
    overlaps = np.zeros(shared.shape, np.float32)
    np.divide(shared, union, out=overlaps, where=union > 0)
    return overlaps
