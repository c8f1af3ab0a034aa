# SPDX-License-Identifier: Apache-2.0
"""Training crops for keypoint models: a hand turned, placed with a detector's noise, relit and degraded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.augment.light import degraded, occluded, relit
from training.augment.placement import Affine, boxes_after, draw, placement
from training.data.crops import LEAST_SIDE_PX, crop_tensor
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.recipe import KeypointsRecipe

# The canvas shows this much of the crop's surroundings, so that a crop of any box about its middle lies within.
CANVAS_SHARE = 1.5


@dataclass(frozen=True, slots=True)
class PlacedHand:
    """One hand of a picture: `box_xyxy` (4,) and `keypoints` (21, 2) in its pixels, NaN where one is unknown."""

    path: Path
    dataset: str
    box_xyxy: FloatArray
    keypoints: FloatArray

    @property
    def side_px(self) -> float:
        """Longer side of the box."""
        return float((self.box_xyxy[2:] - self.box_xyxy[:2]).max())


def placed_hands_of(samples: Sequence[HandSample]) -> list[PlacedHand]:
    """Return every hand with keypoints that is no ignored region and at least `LEAST_SIDE_PX` long."""
    hands = (
        PlacedHand(sample.path, sample.dataset, sample.boxes_xyxy[row], sample.keypoints[row])
        for sample in samples
        for row in np.flatnonzero(~sample.ignored)
    )
    return [hand for hand in hands if hand.side_px >= LEAST_SIDE_PX and np.isfinite(hand.keypoints).any()]


class KeypointCrops(Dataset[tuple[Tensor, Tensor]]):
    """Endless random crops: item `i` depends on the seed and `i` alone.

    An item is the network's input (3, S, S) and the keypoints (21, 2) in its pixels, NaN where unknown.
    """

    def __init__(self, hands: Sequence[PlacedHand], pictures: PictureStore, recipe: KeypointsRecipe) -> None:
        self._hands, self._pictures, self._recipe = hands, pictures, recipe
        chances = np.array([recipe.data.weights.get(hand.dataset, 1.0) for hand in hands])
        self._chances = chances / chances.sum()
        self._contract = recipe.input.contract()

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return the crop and its keypoints."""
        rng = np.random.default_rng([self._recipe.seed, number])
        hand = self._hands[int(rng.choice(len(self._hands), p=self._chances))]
        side_px = self._contract.width_px
        canvas_px = round(CANVAS_SHARE * side_px)
        matrix = self._placement(rng, hand, canvas_px)
        augment = self._recipe.augment
        canvas = np.empty((canvas_px, canvas_px, 3), np.uint8)
        canvas[:] = rng.integers(0, 256, 3) if rng.random() < augment.backdrop else self._recipe.input.pad
        draw(canvas, self._pictures[hand.path], matrix)
        if rng.random() < augment.occlude:
            canvas = occluded(rng, canvas)
        canvas = degraded(rng, relit(rng, canvas))
        box = self._box(canvas_px)
        points = hand.keypoints @ matrix[:, :2].T + matrix[:, 2] - (canvas_px - side_px) / 2
        return crop_tensor(canvas, box, self._contract), torch.from_numpy(points.astype(np.float32))

    def _box(self, canvas_px: int) -> FloatArray:
        """Return the box in the middle of the canvas whose crop has one pixel of the network for each of the canvas."""
        half = self._contract.width_px / (1 + 2 * self._contract.crop_margin) / 2
        return np.array([canvas_px / 2 - half] * 2 + [canvas_px / 2 + half] * 2, np.float32)

    def _placement(self, rng: np.random.Generator, hand: PlacedHand, canvas_px: int) -> Affine:
        """Return the map (2, 3) from picture to canvas that puts the turned hand's box in its middle, but for noise."""
        augment = self._recipe.augment
        turned = rng.random() < augment.any_rotation
        angle = rng.uniform(-np.pi, np.pi) if turned else rng.normal(0, augment.rotation_rad)
        stretch = float(np.exp(rng.normal(0, 0.06)))
        mirrored = bool(rng.random() < 0.5)
        middle = (hand.box_xyxy[:2] + hand.box_xyxy[2:]) / 2
        turn = placement(
            scale_xy=(stretch, 1 / stretch), angle_rad=float(angle), mirrored=mirrored, source=middle, target=middle
        )
        (box,) = boxes_after(turn, hand.box_xyxy[None], hand.keypoints[None])
        inner_px = self._contract.width_px / (1 + 2 * self._contract.crop_margin)
        noise = float(np.exp(rng.uniform(-augment.scale, augment.scale)))
        scale = noise * inner_px / max(1.0, float((box[2:] - box[:2]).max()))
        shift = rng.uniform(-augment.shift, augment.shift, 2) * inner_px
        linear = scale * turn[:, :2]
        offset = canvas_px / 2 + shift - scale * ((box[:2] + box[2:]) / 2 - turn[:, 2])
        return np.column_stack([linear, offset])


def collate_keypoints(items: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Stack crops and keypoints."""
    crops, points = zip(*items, strict=True)
    return torch.stack(crops), torch.stack(points)
