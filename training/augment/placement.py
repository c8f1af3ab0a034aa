# SPDX-License-Identifier: Apache-2.0
"""Where a training picture lands on the canvas, and where its hands land with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.data.sample import BoolArray, FloatArray, HandSample

Picture = npt.NDArray[np.uint8]
Affine = npt.NDArray[np.float64]

VISIBLE_FRACTION = 0.4
SMALLEST_SIDE_PX = 8.0


@dataclass(frozen=True, slots=True)
class TrainingScene:
    """A training picture in the making: `picture` (H, W, 3) BGR uint8, `boxes_xyxy` (N, 4), `ignored` (N,)."""

    picture: Picture
    boxes_xyxy: FloatArray
    ignored: BoolArray


def placement(
    *, scale_xy: tuple[float, float], angle_rad: float, mirrored: bool, source: FloatArray | Affine, target: Affine
) -> Affine:
    """Return the 2x3 map from source to canvas pixels that takes the point `source` (2,) to `target` (2,)."""
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    scale = np.diag([-scale_xy[0] if mirrored else scale_xy[0], scale_xy[1]])
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ scale
    return np.column_stack([linear, target - linear @ source])


def filling(matrix: Affine, sample: HandSample, width_px: int, height_px: int) -> Affine:
    """Return the 2x3 map shifted as little as makes the picture fill the canvas, or lie within it where smaller."""
    corners = np.array([[x, y] for x in (0, sample.width_px) for y in (0, sample.height_px)], np.float64)
    # The middle of the turned picture's extent and the half of what an unturned one would have.
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    middle = moved.mean(0)
    half = np.linalg.norm(matrix[:, :2] * [sample.width_px, sample.height_px], axis=1) / 2
    size = np.array([width_px, height_px], np.float64)
    low, high = np.minimum(half, size - half), np.maximum(half, size - half)
    shifted = matrix.copy()
    shifted[:, 2] += np.clip(middle, low, high) - middle
    return shifted


def draw(canvas: Picture, picture: Picture, matrix: Affine) -> None:
    """Draw `picture` on `canvas` in place; pixels outside the picture keep what was there."""
    picture, matrix = reduced(picture, matrix)
    cv2.warpAffine(
        picture,
        corner_to_centre(matrix),
        canvas.shape[1::-1],
        dst=canvas,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


def reduced(picture: Picture, matrix: Affine) -> tuple[Picture, Affine]:
    """Return the picture shrunk by averaging, and the map that goes with it, so that a bilinear warp does not alias."""
    reduction = int(1.0 / max(1e-6, math.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    if reduction <= 1:
        return picture, matrix
    height, width = max(1, picture.shape[0] // reduction), max(1, picture.shape[1] // reduction)
    shrunk = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8), matrix @ np.diag([picture.shape[1] / width, picture.shape[0] / height, 1.0])


def corner_to_centre(matrix: Affine) -> Affine:
    """Turn a map of continuous coordinates (pixel centres at .5) into OpenCV's (pixel centres at integers)."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return shifted


def moved_boxes(sample: HandSample, matrix: Affine) -> FloatArray:
    """Return the (N, 4) boxes of a sample after `matrix`, as `boxes_after`."""
    return boxes_after(matrix, sample.boxes_xyxy, sample.keypoints)


def boxes_after(matrix: Affine, boxes_xyxy: FloatArray, keypoints: FloatArray) -> FloatArray:
    """Return the boxes (N, 4) of hands with `keypoints` (N, 21, 2) after `matrix`, exact without rotation.

    Under rotation the keypoints tell the extent where a hand has all of them, the ellipse within the box elsewhere.
    """
    boxes = boxes_xyxy.astype(np.float64)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = np.sqrt((half**2) @ (matrix[:, :2].T ** 2))
    moved = np.concatenate([middle - reach, middle + reach], axis=1)
    known = np.isfinite(keypoints).all(axis=(1, 2))
    if known.any() and abs(matrix[0, 1]) > 1e-9:
        moved[known] = _boxes_of_keypoints(boxes[known], keypoints[known].astype(np.float64), matrix)
    return moved.astype(np.float32)


def _boxes_of_keypoints(boxes: Affine, keypoints: Affine, matrix: Affine) -> Affine:
    border = np.concatenate([keypoints.min(1) - boxes[:, :2], boxes[:, 2:] - keypoints.max(1)], axis=1).mean(1)
    border = border[:, None] * math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    points = keypoints @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([points.min(1) - border, points.max(1) + border], axis=1)


def clipped(boxes_xyxy: FloatArray, ignored: BoolArray, width_px: int, height_px: int) -> tuple[FloatArray, BoolArray]:
    """Cut boxes at the canvas; hands mostly outside or too small to see become ignored, those fully outside go."""
    limit = np.array([width_px, height_px] * 2, np.float32)
    inside = np.clip(boxes_xyxy, 0, limit)
    sides = inside[:, 2:] - inside[:, :2]
    whole = np.maximum((boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(1), 1e-6)
    keep = (sides > 1).all(1)
    hidden = (sides.prod(1) / whole < VISIBLE_FRACTION) | (sides.min(1, initial=np.inf) < SMALLEST_SIDE_PX)
    return inside[keep], (ignored | hidden)[keep]
