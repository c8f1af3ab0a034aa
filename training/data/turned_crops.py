# SPDX-License-Identifier: Apache-2.0
"""Where a hand lands in a training crop: turned, mirrored, near or far, and with the noise of a detector's box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.preprocess import InputContract
from training.augment.placement import Affine, boxes_after, placement
from training.data.sample import FloatArray
from training.recipe import PlacementAugment

# The canvas shows this much of the crop's surroundings, so that a crop of any box about its middle lies within.
CANVAS_SHARE = 1.5


@dataclass(frozen=True, slots=True)
class CanvasPlace:
    """The map `matrix` (2, 3) from a picture to a square canvas of `canvas_px`, and from there to a crop.

    The crop is that of `box_xyxy` (4,) in the middle of the canvas; `crop_from_picture` (2, 3) leads to its pixels.
    """

    matrix: Affine
    canvas_px: int
    box_xyxy: FloatArray
    crop_from_picture: Affine


def placed_on_canvas(
    rng: np.random.Generator,
    box_xyxy: FloatArray,
    keypoints: FloatArray,
    *,
    augment: PlacementAugment,
    contract: InputContract,
) -> CanvasPlace:
    """Return a random place for the hand with this box (4,) and these keypoints (21, 2), in pixels of its picture."""
    share = 1 / (1 + 2 * contract.crop_margin)
    side_px = float(contract.width_px)
    if rng.random() < augment.far:
        side_px *= float(np.exp(rng.uniform(np.log(min(1.0, augment.farthest_px / (share * side_px))), 0)))
    canvas_px = round(CANVAS_SHARE * side_px)
    half = share * side_px / 2
    box = np.array([canvas_px / 2 - half] * 2 + [canvas_px / 2 + half] * 2, np.float32)
    matrix = _placement(rng, box_xyxy, keypoints, augment=augment, canvas_px=canvas_px, inner_px=2 * half)
    crop_from_picture = matrix.copy()
    crop_from_picture[:, 2] -= (canvas_px - side_px) / 2
    return CanvasPlace(matrix, canvas_px, box, crop_from_picture * (contract.width_px / side_px))


def _placement(
    rng: np.random.Generator,
    box_xyxy: FloatArray,
    keypoints: FloatArray,
    *,
    augment: PlacementAugment,
    canvas_px: int,
    inner_px: float,
) -> Affine:
    """Return the map from picture to canvas that puts the turned hand's box in its middle, but for noise."""
    turned = rng.random() < augment.any_rotation
    angle = rng.uniform(-np.pi, np.pi) if turned else rng.normal(0, augment.rotation_rad)
    stretch = float(np.exp(rng.normal(0, 0.06)))
    mirrored = bool(rng.random() < 0.5)
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2
    turn = placement(
        scale_xy=(stretch, 1 / stretch), angle_rad=float(angle), mirrored=mirrored, source=middle, target=middle
    )
    (box,) = boxes_after(turn, box_xyxy[None], keypoints[None])
    noise = float(np.exp(rng.uniform(-augment.scale, augment.scale)))
    scale = noise * inner_px / max(1.0, float((box[2:] - box[:2]).max()))
    shift = rng.uniform(-augment.shift, augment.shift, 2) * inner_px
    offset = canvas_px / 2 + shift - scale * ((box[:2] + box[2:]) / 2 - turn[:, 2])
    return np.column_stack([scale * turn[:, :2], offset])
