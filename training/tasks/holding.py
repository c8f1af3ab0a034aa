# SPDX-License-Identifier: Apache-2.0
"""Training classifiers that tell whether a hand holds something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from edge.errors import SourceError, UsageError
from training import ranks
from training.data.crops import UNKNOWN, HandCrop, hands_of
from training.data.grasp_crops import GraspCrops
from training.data.loading import batches_of, numbered
from training.data.sample import HandSample
from training.mistakes import classifier_mistakes
from training.models.face import FaceClassifier
from training.models.face.classifier import SIDE_PX
from training.provenance import provenance_of
from training.recipe import HoldingRecipe
from training.tasks.classifier import classification_figures, classify
from training.tasks.picture_training import PictureTraining


class HoldingTraining(PictureTraining[HoldingRecipe]):
    """Its side of the training loop; see `training.loop.TrainingTask`.

    Raises as `PictureTraining`, and `UsageError` when the network cannot take the recipe's input.
    """

    def __init__(self, recipe: HoldingRecipe, data_root: Path) -> None:
        super().__init__(recipe, data_root)
        sides_px = recipe.input.width_px, recipe.input.height_px
        if isinstance(self.model, FaceClassifier) and sides_px != (SIDE_PX, SIDE_PX):
            architecture = recipe.model["architecture"]
            raise UsageError(f"{architecture} takes pictures of {SIDE_PX} x {SIDE_PX} pixels, got {sides_px} in input")

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of random crops and class numbers. Raises `SourceError` unless both classes are there."""
        recipe = self._recipe
        hands = known_hands(self._training, recipe)
        if len({hand.holding for hand in hands}) < 2:
            raise SourceError("training needs hands that hold something and hands that do not; name such sets in data")
        textures = [sample.path for sample in self._training if not len(sample.boxes_xyxy)]
        crops = GraspCrops(hands, self._pictures, recipe, textures)
        yield from batches_of(crops, numbered(recipe.schedule, first_step), recipe.schedule, collate=_collated)

    def loss(self, outputs: Sequence[Tensor], targets: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy, with the margin that the model's head asks of the true class."""
        (logits,) = outputs
        if isinstance(self.model, FaceClassifier):
            logits = self.model.margin.with_margin(logits, targets)
        smoothing = self._recipe.label_smoothing
        each = cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
        loss = ranks.mean_of_batch(each)
        right = (logits.detach().argmax(1) == targets).float().mean()
        return loss, {"loss": float(loss.detach()), "accuracy": float(right)}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures on the hands of the validation groups."""
        hands = known_hands(self._validation, self._recipe)
        answers = [classify(model, self._pictures, hand, self._recipe) for hand in hands]
        self._mistakes = classifier_mistakes(hands, answers)
        return classification_figures(hands, answers)

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets and their licences."""
        return provenance_of(self._recipe, self._training, teachers=[])


def _collated(items: Sequence[tuple[Tensor, HandCrop, Tensor]]) -> tuple[Tensor, Tensor]:
    crops, hands, _ = zip(*items, strict=True)
    return torch.stack(crops), torch.tensor([hand.holding for hand in hands])


def known_hands(samples: Sequence[HandSample], recipe: HoldingRecipe) -> list[HandCrop]:
    """Return the hands of which it is known whether they hold something."""
    return [hand for hand in hands_of(samples, (), recipe.data.weights) if hand.holding != UNKNOWN]
