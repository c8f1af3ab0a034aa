# SPDX-License-Identifier: Apache-2.0
"""Training crops for segmenters: a hand and its mask, turned, placed with a detector's noise, relit and degraded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edge.geometry import apply_points
from training.augment.light import degraded, relit
from training.augment.placement import Affine, draw
from training.data.crops import LEAST_SIDE_PX, crop_tensor
from training.data.draw import Draw
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.data.turned_crops import placed_on_canvas
from training.recipe import SegmenterRecipe

# OpenCV draws polygons in sixteenths of a pixel.
FRACTION_BITS = 4


@dataclass(frozen=True, slots=True)
class OutlinedHand:
    """One hand of a picture: `box_xyxy` (4,), `keypoints` (21, 2) or NaN, `outline` (K, 2), in the picture's pixels."""

    path: Path
    dataset: str
    box_xyxy: FloatArray
    keypoints: FloatArray
    outline: FloatArray


def outlined_hands_of(samples: Sequence[HandSample]) -> list[OutlinedHand]:
    """Return every hand with an outline that is no ignored region and at least `LEAST_SIDE_PX` long."""
    return [
        OutlinedHand(sample.path, sample.dataset, box, sample.keypoints[row], outline)
        for sample in samples
        for row, (box, outline) in enumerate(zip(sample.boxes_xyxy, sample.outlines, strict=True))
        if outline is not None and not sample.ignored[row] and float((box[2:] - box[:2]).max()) >= LEAST_SIDE_PX
    ]


def mask_from_outline(outline: FloatArray, matrix: Affine, *, width_px: int, height_px: int) -> npt.NDArray[np.uint8]:
    """Return the mask (H, W) uint8, 1 within the outline (K, 2) after the map `matrix` (2, 3).

    The points of an outline are the middles of a mask's outermost pixels.
    """
    corners = apply_points(matrix, outline + np.float32(0.5)) - 0.5
    mask = np.zeros((height_px, width_px), np.uint8)
    cv2.fillPoly(mask, [np.round(corners * (1 << FRACTION_BITS)).astype(np.int32)], 1, shift=FRACTION_BITS)
    return mask


class MaskCrops(Dataset[tuple[Tensor, Tensor]]):
    """Endless random crops: item `i` depends on the seed and `i` alone.

    An item is the network's input (3, S, S) and the hand's mask there, (S, S) float32, 0 or 1.
    """

    def __init__(self, hands: Sequence[OutlinedHand], pictures: PictureStore, recipe: SegmenterRecipe) -> None:
        self._hands, self._pictures, self._recipe = hands, pictures, recipe
        weights = np.array([recipe.data.weights.get(hand.dataset, 1.0) for hand in hands], np.float64)
        self._draw = Draw(weights / weights.sum())
        self._contract = recipe.input.contract()

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return the crop and its mask."""
        rng = np.random.default_rng([self._recipe.seed, number])
        hand = self._hands[self._draw(rng)]
        augment, side_px = self._recipe.augment, self._contract.width_px
        place = placed_on_canvas(rng, hand.box_xyxy, hand.keypoints, augment=augment, contract=self._contract)
        canvas = np.empty((place.canvas_px, place.canvas_px, 3), np.uint8)
        canvas[:] = rng.integers(0, 256, 3) if rng.random() < augment.backdrop else self._recipe.input.pad
        draw(canvas, self._pictures[hand.path], place.matrix)
        crop = crop_tensor(degraded(rng, relit(rng, canvas)), place.box_xyxy, self._contract)
        mask = mask_from_outline(hand.outline, place.crop_from_picture, width_px=side_px, height_px=side_px)
        return crop, torch.from_numpy(mask.astype(np.float32))
