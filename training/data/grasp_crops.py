# SPDX-License-Identifier: Apache-2.0
"""Training crops for classifiers that tell whether a hand holds something: things are put into empty hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from training.augment.grasp import OpenView, with_held_thing, with_loose_thing
from training.augment.placement import Affine, Picture
from training.data.crops import HandCrop, HandCrops
from training.data.pictures import PictureStore
from training.recipe import HOLDING_CLASSES, HoldingRecipe

EMPTY, HOLDING = (HOLDING_CLASSES.index(name) for name in ("empty", "holding"))
# An open hand holds a thing so much more rarely than one that is curled.
OPEN_SHARE = 0.4


class GraspCrops(HandCrops):
    """As `HandCrops`, with things near empty hands; `textures` are pictures in the store to cover them with."""

    def __init__(
        self, hands: Sequence[HandCrop], pictures: PictureStore, recipe: HoldingRecipe, textures: Sequence[Path]
    ) -> None:
        super().__init__(hands, pictures, recipe, np.zeros((len(hands), 0), np.float32))
        self._things, self._textures = recipe.augment, textures

    def _changed(
        self, rng: np.random.Generator, canvas: Picture, hand: HandCrop, matrix: Affine
    ) -> tuple[Picture, HandCrop]:
        if hand.holding != EMPTY or rng.random() >= self._things.things:
            return canvas, hand
        view = _view(canvas, hand, matrix)
        if view is None:
            return canvas, hand
        texture = self._pictures[self._textures[int(rng.integers(len(self._textures)))]] if self._textures else None
        held = rng.random() < self._things.held * (1 if view.curled else OPEN_SHARE)
        changed = (with_held_thing if held else with_loose_thing)(rng, view, texture)
        if changed is None:
            return canvas, hand
        return changed, replace(hand, holding=HOLDING) if held else hand


def _view(canvas: Picture, hand: HandCrop, matrix: Affine) -> OpenView | None:
    """Return the hand as the canvas shows it, or None where its outline or a keypoint is unknown."""
    if hand.outline is None or hand.keypoints is None or not np.isfinite(hand.keypoints).all():
        return None
    outline, points = (part @ matrix[:, :2].T + matrix[:, 2] for part in (hand.outline, hand.keypoints))
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    return OpenView(canvas, mask, points.astype(np.float32)) if mask.any() else None
