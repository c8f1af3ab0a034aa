# SPDX-License-Identifier: Apache-2.0
"""Training the crop classifier: gesture and handedness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax
from torch.utils.data import DataLoader

from training.data.catalogue import samples_of
from training.data.crops import HANDEDNESS, UNKNOWN, CropTargets, Hand, HandCrops, collate_crops, crop_tensor, hands_of
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.data.workers import keep_opencv_single_threaded
from training.metrics import confusion, macro_f1
from training.models import build
from training.provenance import provenance_of
from training.recipe import ClassifierRecipe
from training.teacher.classifier import SOURCE, TeacherClassifier

HANDEDNESS_WEIGHT = 0.3


class ClassifierTraining:
    """The classifier's side of the training loop; see `training.loop.TrainingTask`.

    `teacher` is the path of HaGRID's crop classifier, or None to learn from labels alone.
    """

    def __init__(self, recipe: ClassifierRecipe, data_root: Path, *, teacher: Path | None = None) -> None:
        keep_opencv_single_threaded()
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._teacher = teacher
        self.model = build(recipe.model)
        samples = [sample for sample in samples_of(recipe.data, data_root, seed=recipe.seed) if sample.split != "test"]
        self._pictures = PictureStore({sample.path for sample in samples})
        self._training = [sample for sample in samples if sample.split == "train"]
        self._hands = hands_of(self._training, recipe.gestures, recipe.data.weights)
        validation = [sample for sample in samples if sample.split == "validation"]
        self._validation = hands_of(validation, recipe.gestures, recipe.data.weights)

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, CropTargets]]:
        """Yield batches of random crops."""
        recipe = self._recipe
        hands = self._hands if self._teacher else [hand for hand in self._hands if hand.gesture != UNKNOWN]
        batch = recipe.schedule.batch
        loader: DataLoader[Any] = DataLoader(
            HandCrops(hands, self._pictures, recipe, self._answers(hands)),
            batch_sampler=(
                list(range(step * batch, (step + 1) * batch)) for step in range(first_step, recipe.schedule.steps)
            ),
            num_workers=recipe.schedule.workers,
            collate_fn=collate_crops,
            prefetch_factor=4 if recipe.schedule.workers else None,
        )
        yield from loader

    def _answers(self, hands: Sequence[Hand]) -> FloatArray:
        gestures = self._recipe.gestures
        if self._teacher is None:
            return np.zeros((len(hands), len(gestures)), np.float32)
        teacher = TeacherClassifier(self._teacher, gestures)
        return np.stack([teacher.answer(self._pictures[hand.path], hand.box_xyxy) for hand in hands])

    def loss(self, outputs: Sequence[Tensor], targets: CropTargets) -> tuple[Tensor, Mapping[str, float]]:
        """Cross entropy: with the label, softened by the teacher, where there is one; with the teacher's answer elsewhere."""
        gestures, handedness = outputs
        smoothing, share = self._recipe.label_smoothing, self._recipe.teacher_share if self._teacher else 0.0
        taught = -(targets.teacher * log_softmax(gestures, dim=1)).sum(1)
        label = cross_entropy(
            gestures, targets.gestures, ignore_index=UNKNOWN, label_smoothing=smoothing, reduction="none"
        )
        known = targets.gestures != UNKNOWN
        each = torch.where(known, (1 - share) * label + share * taught, self._recipe.teacher_weight * taught)
        side = cross_entropy(handedness, targets.handedness, ignore_index=UNKNOWN, label_smoothing=smoothing)
        total = each.mean() + HANDEDNESS_WEIGHT * torch.nan_to_num(side)
        figures = {"loss": total, "gesture": label[known].mean(), "teacher": taught.mean(), "handedness": side}
        return total, {name: float(value.detach()) for name, value in figures.items()}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return macro F1 of both heads on the labelled hands of the validation groups."""
        answers = [classify(model, self._pictures, hand, self._recipe) for hand in self._validation]
        metrics = {}
        for head, names in (("gesture", self._recipe.gestures), ("handedness", HANDEDNESS)):
            truth = np.array([getattr(hand, head) for hand in self._validation])
            guess = np.array([answer[head] for answer in answers])
            known = truth != UNKNOWN
            metrics[f"{head}_macro_f1"] = macro_f1(confusion(truth[known], guess[known], len(names)))
        return metrics

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets, their licences and the teacher."""
        teachers = [SOURCE] if self._teacher else []
        return provenance_of(self._recipe, self._training, teachers=teachers)

    @property
    def training(self) -> Sequence[HandSample]:
        """The samples trained on."""
        return self._training


def classify(model: nn.Module, pictures: PictureStore, hand: Hand, recipe: ClassifierRecipe) -> dict[str, int]:
    """Return the class numbers that a PyTorch classifier gives one hand, preprocessed as on the device."""
    crop = crop_tensor(pictures[hand.path], hand.box_xyxy, recipe.input.contract())
    with torch.inference_mode():
        gestures, handedness = model(crop[None])
    return {"gesture": int(gestures.argmax()), "handedness": int(handedness.argmax())}
