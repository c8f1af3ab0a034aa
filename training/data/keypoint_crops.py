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

from edge.keypoints import KEYPOINTS
from training.augment.light import degraded, occluded, relit
from training.augment.placement import Affine, boxes_after, draw, placement
from training.data.crops import HAND, LEAST_SIDE_PX, OTHER, crop_tensor, with_share
from training.data.draw import Draw
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.recipe import KeypointsRecipe

# The canvas shows this much of the crop's surroundings, so that a crop of any box about its middle lies within.
CANVAS_SHARE = 1.5


@dataclass(frozen=True, slots=True)
class PlacedHand:
    """One hand of a picture, or something else that looks like one.

    `box_xyxy` (4,) and `keypoints` (21, 2) are in pixels of the picture, a keypoint NaN where it is unknown; presence
    is `HAND` or `OTHER`.
    """

    path: Path
    dataset: str
    box_xyxy: FloatArray
    keypoints: FloatArray
    presence: int = HAND

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


def without_keypoints(sample: HandSample, box_xyxy: FloatArray) -> PlacedHand:
    """Return what looks like a hand at a box (4,) of the sample and is none."""
    unknown = np.full((len(KEYPOINTS), 2), np.nan, np.float32)
    return PlacedHand(sample.path, sample.dataset, box_xyxy, unknown, presence=OTHER)


class KeypointCrops(Dataset[tuple[Tensor, Tensor, int]]):
    """Endless random crops: item `i` depends on the seed and `i` alone.

    An item is the network's input (3, S, S), the keypoints (21, 2) in its pixels, NaN where unknown, and presence.
    What is no hand has the recipe's share of all crops.
    """

    def __init__(self, hands: Sequence[PlacedHand], pictures: PictureStore, recipe: KeypointsRecipe) -> None:
        self._hands, self._pictures, self._recipe = hands, pictures, recipe
        weights = np.array([recipe.data.weights.get(hand.dataset, 1.0) for hand in hands])
        other = np.array([hand.presence == OTHER for hand in hands])
        self._draw = Draw(with_share(weights, other, 0.0 if recipe.others is None else recipe.others.share))
        self._contract = recipe.input.contract()

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor, int]:
        """Return the crop, its keypoints and whether it shows a hand."""
        rng = np.random.default_rng([self._recipe.seed, number])
        hand = self._hands[self._draw(rng)]
        augment = self._recipe.augment
        side_px = float(self._contract.width_px)
        if rng.random() < augment.far:
            inner_px = side_px / (1 + 2 * self._contract.crop_margin)
            side_px *= float(np.exp(rng.uniform(np.log(min(1.0, augment.farthest_px / inner_px)), 0)))
        canvas_px = round(CANVAS_SHARE * side_px)
        matrix = self._placement(rng, hand, canvas_px, side_px)
        canvas = np.empty((canvas_px, canvas_px, 3), np.uint8)
        canvas[:] = rng.integers(0, 256, 3) if rng.random() < augment.backdrop else self._recipe.input.pad
        draw(canvas, self._pictures[hand.path], matrix)
        if rng.random() < augment.occlude:
            canvas = occluded(rng, canvas)
        canvas = degraded(rng, relit(rng, canvas))
        points = hand.keypoints @ matrix[:, :2].T + matrix[:, 2] - (canvas_px - side_px) / 2
        points *= self._contract.width_px / side_px
        crop = crop_tensor(canvas, self._box(canvas_px, side_px), self._contract)
        return crop, torch.from_numpy(points.astype(np.float32)), hand.presence

    def _box(self, canvas_px: int, side_px: float) -> FloatArray:
        """Return the box in the middle of the canvas whose crop has a side of `side_px` there."""
        half = side_px / (1 + 2 * self._contract.crop_margin) / 2
        return np.array([canvas_px / 2 - half] * 2 + [canvas_px / 2 + half] * 2, np.float32)

    def _placement(self, rng: np.random.Generator, hand: PlacedHand, canvas_px: int, side_px: float) -> Affine:
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
        inner_px = side_px / (1 + 2 * self._contract.crop_margin)
        noise = float(np.exp(rng.uniform(-augment.scale, augment.scale)))
        scale = noise * inner_px / max(1.0, float((box[2:] - box[:2]).max()))
        shift = rng.uniform(-augment.shift, augment.shift, 2) * inner_px
        linear = scale * turn[:, :2]
        offset = canvas_px / 2 + shift - scale * ((box[:2] + box[2:]) / 2 - turn[:, 2])
        return np.column_stack([linear, offset])


@dataclass(frozen=True, slots=True)
class KeypointTargets:
    """Targets of a batch: `points_px` (N, 21, 2) in the input, NaN where unknown, and class numbers `presence` (N,)."""

    points_px: Tensor
    presence: Tensor


def collate_keypoints(items: Sequence[tuple[Tensor, Tensor, int]]) -> tuple[Tensor, KeypointTargets]:
    """Stack crops and targets."""
    crops, points, presence = zip(*items, strict=True)
    return torch.stack(crops), KeypointTargets(torch.stack(points), torch.tensor(presence))
