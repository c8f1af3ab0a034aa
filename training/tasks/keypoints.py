# SPDX-License-Identifier: Apache-2.0
"""Training keypoint models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.preprocess import Preprocessor
from training import ranks
from training.data.crops import HAND, OTHER
from training.data.keypoint_crops import (
    KeypointCrops,
    KeypointTargets,
    PlacedHand,
    collate_keypoints,
    placed_hands_of,
    without_keypoints,
)
from training.data.loading import batches_of, numbered
from training.data.pictures import PictureStore
from training.data.sample import FloatArray
from training.decoder_from_recipe import point_decoder_from_recipe
from training.losses.keypoints import keypoint_loss
from training.metrics import keypoint_figures
from training.provenance import provenance_of
from training.recipe import KeypointsRecipe
from training.tasks.others import described_detector, others_of
from training.tasks.picture_training import PictureTraining


class KeypointTraining(PictureTraining[KeypointsRecipe]):
    """The keypoint model's side of the training loop; see `training.loop.TrainingTask`.

    Raises as `PictureTraining`.
    """

    @cached_property
    def _others(self) -> tuple[list[PlacedHand], list[PlacedHand]]:
        """What else looks like a hand in training and validation pictures, where the recipe asks for it."""
        others = self._recipe.others
        if others is None:
            return [], []
        workers = self._recipe.schedule.workers
        training, validation = (
            [
                without_keypoints(sample, box)
                for sample, box in others_of(samples, self._pictures, others, workers=workers)
            ]
            for samples in (self._training, self._validation)
        )
        return training, validation

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, KeypointTargets]]:
        """Yield batches of random crops.

        Raises `SourceError` when no hand has keypoints, and when nothing else looks like a hand although the recipe
        asks for it.
        """
        recipe = self._recipe
        hands, others = placed_hands_of(self._training), self._others[0]
        if not hands:
            raise SourceError("no training hand has keypoints; name sets with keypoints in data.sets")
        if recipe.others and not others:
            raise SourceError("the detector of others is never wrong in the training pictures; lower others.min_score")
        crops = KeypointCrops([*hands, *others], self._pictures, recipe)
        yield from batches_of(crops, numbered(recipe.schedule, first_step), recipe.schedule, collate=collate_keypoints)

    def loss(self, outputs: Sequence[Tensor], targets: KeypointTargets) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy of an axis, the mean over all known keypoints of the batch, and of presence."""
        x, y, *presence = outputs
        recipe = self._recipe
        total = keypoint_loss((x, y), targets.points_px, side_px=recipe.input.width_px, sigma_px=recipe.sigma_px)
        figures = {"place": total}
        for logits in presence:
            figures["presence"] = ranks.mean_of_batch(cross_entropy(logits, targets.presence, reduction="none"))
            total = total + recipe.presence_weight * figures["presence"]
        return total, {name: float(value.detach()) for name, value in ({"loss": total} | figures).items()}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures on what the validation groups show, preprocessed and decoded as on the device."""
        crops = placed_hands_of(self._validation) + self._others[1]
        found = [locate(model, self._pictures, crop, self._recipe) for crop in crops]
        return figures_of(crops, found, self._recipe)

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets, their licences and the teachers."""
        others = self._recipe.others
        teachers = [] if others is None else [described_detector(others)]
        return provenance_of(self._recipe, self._training, teachers=teachers)


@dataclass(frozen=True, slots=True)
class Located:
    """What a model says of a crop: keypoints (21, 3), x, y in pixels of the picture and a score; presence, 0 to 1."""

    keypoints: FloatArray
    presence: float | None


def locate(model: nn.Module, pictures: PictureStore, hand: PlacedHand, recipe: KeypointsRecipe) -> Located:
    """Return what a PyTorch model says of a hand's crop, preprocessed and decoded as on the device."""
    side_px = recipe.input.width_px
    crop = np.empty((1, recipe.input.contract().channels, side_px, side_px), np.float32)
    frame = Frame(pictures[hand.path], PixelFormat.BGR, time_ns=0, index=0, source="training")
    matrices = Preprocessor(recipe.input.contract()).write_crops(frame, hand.box_xyxy[None], crop)
    decoder = point_decoder_from_recipe(recipe)
    with torch.inference_mode():
        logits = [output.numpy() for output in model(torch.from_numpy(crop))]
    outputs = dict(zip(decoder.output_names, logits, strict=True))
    keypoints, presence = decoder.decode(outputs, picture_from_crop=matrices, side_px=side_px)
    return Located(keypoints[0], None if presence is None else float(presence[0]))


def figures_of(crops: Sequence[PlacedHand], found: Sequence[Located], recipe: KeypointsRecipe) -> dict[str, float]:
    """Return the figures of the keypoints of all hands, and of presence how many hands are kept and others dropped."""
    figures: dict[str, float] = {}
    hands = [(crop, own) for crop, own in zip(crops, found, strict=True) if crop.presence == HAND]
    if hands:
        reach = recipe.reach * (1 + 2 * recipe.input.crop_margin)
        wanted = np.stack([crop.keypoints for crop, _ in hands])
        sides_px = np.array([crop.side_px for crop, _ in hands], np.float32)
        figures |= keypoint_figures(np.stack([own.keypoints for _, own in hands]), wanted, sides_px, reach=reach)
    if recipe.others is not None:
        for kind, name in ((HAND, "hands_kept"), (OTHER, "others_dropped")):
            right = [
                (own.presence >= 0.5) == (kind == HAND)
                for crop, own in zip(crops, found, strict=True)
                if crop.presence == kind and own.presence is not None
            ]
            if right:
                figures[name] = float(np.mean(right))
    return figures
