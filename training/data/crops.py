# SPDX-License-Identifier: Apache-2.0
"""Training crops for the classifier: a hand or what looks like one, placed with noise, relit and degraded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edge.decoders.presence import PRESENCE
from edge.decoders.softmax_heads import HANDEDNESS
from edge.frame import Frame, PixelFormat
from edge.preprocess import InputContract, Preprocessor
from training.augment.light import degraded, occluded, relit
from training.augment.placement import Affine, Picture, draw, placement
from training.data.draw import Draw
from training.data.pictures import PictureStore
from training.data.sample import BoolArray, FloatArray, HandSample
from training.recipe import ClassifierRecipe, HoldingRecipe

Chances = npt.NDArray[np.float64]

UNKNOWN = -100
HAND, OTHER = (PRESENCE.index(name) for name in ("hand", "other"))
LEAST_CANVAS_PX = 160
# Of the input's side: the crop is made smaller from there, never larger.
CANVAS_SCALE = 1.25
LEAST_SIDE_PX = 16


@dataclass(frozen=True, slots=True)
class HandCrop:
    """One hand of a picture, or something else that looks like one.

    `box_xyxy` is (4,) in source pixels; gesture, handedness and holding are class numbers or `UNKNOWN`, presence is
    `HAND` or `OTHER`. `outline` (K, 2) and `keypoints` (21, 2) are in source pixels, None or NaN where unknown.
    """

    path: Path
    box_xyxy: FloatArray
    gesture: int
    handedness: int
    weight: float
    presence: int = HAND
    holding: int = UNKNOWN
    outline: FloatArray | None = None
    keypoints: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class CropTargets:
    """Targets of a batch: class numbers (N,) int64 for each head, teacher's probabilities (N, gestures)."""

    gestures: Tensor
    handedness: Tensor
    presence: Tensor
    teacher: Tensor


def hands_of(
    samples: Sequence[HandSample], gestures: Sequence[str], weights: dict[str, float], *, upper_alone: bool = False
) -> list[HandCrop]:
    """Return every hand that is no ignored region and at least `LEAST_SIDE_PX` long.

    `upper_alone` leaves out all but the uppermost hand of a picture: who shows a gesture lifts that hand.
    """
    return [
        HandCrop(
            path=sample.path,
            box_xyxy=sample.boxes_xyxy[index],
            gesture=gestures.index(name) if name in gestures else UNKNOWN,
            handedness=HANDEDNESS.index(side) if side in HANDEDNESS else UNKNOWN,
            weight=weights.get(sample.dataset, 1.0),
            holding=UNKNOWN if not sample.holding or (held := sample.holding[index]) is None else int(held),
            outline=sample.outlines[index],
            keypoints=sample.keypoints[index],
        )
        for sample in samples
        for index, (name, side) in enumerate(zip(sample.gestures, sample.handedness, strict=True))
        if not sample.ignored[index]
        and _longest_side_px(sample.boxes_xyxy[index]) >= LEAST_SIDE_PX
        and (not upper_alone or index == _upper_of(sample))
    ]


def _upper_of(sample: HandSample) -> int:
    """Return the row of the hand whose middle is uppermost, of those that are no ignored regions."""
    middles = np.where(sample.ignored, np.inf, sample.boxes_xyxy[:, [1, 3]].mean(1))
    return int(middles.argmin())


def _longest_side_px(box: FloatArray) -> float:
    return float((box[2:] - box[:2]).max())


def balanced_chances(hands: Sequence[HandCrop], others_share: float) -> Chances:
    """Return each crop's chance: its set's weight over the square root of how often what it shows occurs.

    What is no hand has `others_share` of all chances together.
    """
    other = np.array([hand.presence == OTHER for hand in hands])
    often = Counter((hand.gesture, hand.holding) for hand in hands if hand.presence == HAND)
    weights = [hand.weight / np.sqrt(often.get((hand.gesture, hand.holding), 1)) for hand in hands]
    return with_share(np.array(weights), other, others_share)


def with_share(weights: Chances, other: BoolArray, share: float) -> Chances:
    """Return chances in the proportion of `weights` (N,), those of the `other` (N,) `share` of all together."""
    chances = weights.astype(np.float64)
    if other.any():
        chances[other] *= share / chances[other].sum()
        chances[~other] *= (1 - share) / chances[~other].sum()
    return np.asarray(chances / chances.sum())


class HandCrops(Dataset[tuple[Tensor, HandCrop, Tensor]]):
    """Endless random crops: item `i` depends on the seed and `i` alone.

    `taught` (hands, gestures) float32 is the teacher's distribution for each hand, or all zeros.
    """

    def __init__(
        self,
        hands: Sequence[HandCrop],
        pictures: PictureStore,
        recipe: ClassifierRecipe | HoldingRecipe,
        taught: FloatArray,
    ) -> None:
        self._hands, self._pictures, self._recipe = hands, pictures, recipe
        others = recipe.others if isinstance(recipe, ClassifierRecipe) else None
        share = 0.0 if others is None else others.share
        self._draw, self._taught = Draw(balanced_chances(hands, share)), taught
        self._contract = recipe.input.contract()

    def __getitem__(self, number: int) -> tuple[Tensor, HandCrop, Tensor]:
        """Return the network's input (3, S, S), the hand as it is shown there and the teacher's answer (gestures,)."""
        rng = np.random.default_rng([self._recipe.seed, number])
        augment = self._recipe.augment
        index = self._draw(rng)
        hand, taught = self._hands[index], self._taught[index]
        picture = self._pictures[hand.path]
        mirrored = bool(rng.random() < 0.5)
        canvas, box, matrix = self._placed(rng, picture, hand.box_xyxy, mirrored=mirrored)
        canvas, hand = self._changed(rng, canvas, hand, matrix)
        if rng.random() < augment.occlude:
            canvas = occluded(rng, canvas)
        canvas = degraded(rng, relit(rng, canvas))
        if mirrored and hand.handedness != UNKNOWN:
            hand = replace(hand, handedness=1 - hand.handedness)
        return crop_tensor(canvas, box, self._contract), hand, torch.from_numpy(taught)

    def _changed(
        self, _rng: np.random.Generator, canvas: Picture, hand: HandCrop, _matrix: Affine
    ) -> tuple[Picture, HandCrop]:
        """Return the canvas, where `matrix` has put the hand's picture, and the hand as it is shown there."""
        return canvas, hand

    def _placed(
        self, rng: np.random.Generator, picture: Picture, box: FloatArray, *, mirrored: bool
    ) -> tuple[Picture, FloatArray, Affine]:
        """Draw the hand about the middle of a canvas with room to spare.

        Return the canvas, the box that a detector might have given, and the map from the picture to the canvas.
        """
        augment = self._recipe.augment
        side_px = max(LEAST_CANVAS_PX, round(self._contract.width_px * CANVAS_SCALE))
        canvas = np.empty((side_px, side_px, 3), np.uint8)
        canvas[:] = rng.integers(0, 256, 3) if rng.random() < augment.backdrop else 114
        inner = side_px / (1 + 2 * self._contract.crop_margin)
        scale = inner / _longest_side_px(box) * float(np.exp(rng.uniform(-augment.scale, augment.scale)))
        stretch = float(np.exp(rng.normal(0, 0.06)))
        middle = np.full(2, side_px / 2)
        matrix = placement(
            scale_xy=(scale * stretch, scale / stretch),
            angle_rad=float(rng.normal(0, augment.rotation_rad)),
            mirrored=mirrored,
            source=(box[:2] + box[2:]) / 2,
            target=middle + rng.uniform(-augment.shift, augment.shift, 2) * inner,
        )
        draw(canvas, picture, matrix)
        return canvas, np.concatenate([middle - inner / 2, middle + inner / 2]).astype(np.float32), matrix


def crop_tensor(picture: Picture, box: FloatArray, contract: InputContract) -> Tensor:
    """Return the network's input (3, S, S) for one box, preprocessed as on the device."""
    tensor = np.empty((1, 3, contract.height_px, contract.width_px), np.float32)
    frame = Frame(np.ascontiguousarray(picture), PixelFormat.BGR, time_ns=0, index=0, source="training")
    Preprocessor(contract).write_crops(frame, box[None], tensor)
    return torch.from_numpy(tensor[0])


def collate_crops(items: Sequence[tuple[Tensor, HandCrop, Tensor]]) -> tuple[Tensor, CropTargets]:
    """Stack crops and targets."""
    crops, hands, teacher = zip(*items, strict=True)
    gestures, handedness, presence = (
        torch.tensor([getattr(hand, head) for hand in hands]) for head in ("gesture", "handedness", "presence")
    )
    return torch.stack(crops), CropTargets(gestures, handedness, presence, torch.stack(teacher))
