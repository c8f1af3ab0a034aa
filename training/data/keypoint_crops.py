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

from edge.geometry import apply_points
from edge.keypoints import KEYPOINTS
from training.augment.light import degraded, occluded, relit
from training.augment.placement import draw
from training.data.crops import HAND, LEAST_SIDE_PX, OTHER, crop_tensor, with_share
from training.data.draw import Draw
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.data.turned_crops import placed_on_canvas
from training.recipe import KeypointsRecipe


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
        place = placed_on_canvas(rng, hand.box_xyxy, hand.keypoints, augment=augment, contract=self._contract)
        canvas = np.empty((place.canvas_px, place.canvas_px, 3), np.uint8)
        canvas[:] = rng.integers(0, 256, 3) if rng.random() < augment.backdrop else self._recipe.input.pad
        draw(canvas, self._pictures[hand.path], place.matrix)
        if rng.random() < augment.occlude:
            canvas = occluded(rng, canvas)
        canvas = degraded(rng, relit(rng, canvas))
        crop = crop_tensor(canvas, place.box_xyxy, self._contract)
        points = apply_points(place.crop_from_picture, hand.keypoints)
        return crop, torch.from_numpy(points), hand.presence


@dataclass(frozen=True, slots=True)
class KeypointTargets:
    """Targets of a batch: `points_px` (N, 21, 2) in the input, NaN where unknown, and class numbers `presence` (N,)."""

    points_px: Tensor
    presence: Tensor


def collate_keypoints(items: Sequence[tuple[Tensor, Tensor, int]]) -> tuple[Tensor, KeypointTargets]:
    """Stack crops and targets."""
    crops, points, presence = zip(*items, strict=True)
    return torch.stack(crops), KeypointTargets(torch.stack(points), torch.tensor(presence))
