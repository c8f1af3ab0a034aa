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

from edge.decoders.softmax_heads import HANDEDNESS, PRESENCE
from edge.errors import SourceError
from training import ranks
from training.data.catalogue import samples_of
from training.data.crops import (
    HAND,
    OTHER,
    UNKNOWN,
    CropTargets,
    HandCrop,
    HandCrops,
    collate_crops,
    crop_tensor,
    hands_of,
)
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.data.workers import ignore_termination, keep_opencv_single_threaded
from training.metrics import confusion, macro_f1
from training.models import build
from training.provenance import provenance_of
from training.recipe import ClassifierRecipe
from training.tasks.others import others_of
from training.teacher.classifier import SOURCE, TeacherClassifier


class ClassifierTraining:
    """The classifier's side of the training loop; see `training.loop.TrainingTask`.

    `teacher` is the path of HaGRID's crop classifier, or None to learn from labels alone. Raises `SourceError` when
    the teacher, a set or a picture cannot be read, `UsageError` when the recipe's model cannot be built.
    """

    def __init__(self, recipe: ClassifierRecipe, data_root: Path, *, teacher: Path | None = None) -> None:
        keep_opencv_single_threaded()
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self.model = build(recipe.model)
        self._teacher = None if teacher is None else TeacherClassifier(teacher, recipe.gestures)
        samples = [sample for sample in samples_of(recipe.data, data_root, seed=recipe.seed) if sample.split != "test"]
        self._pictures = PictureStore({sample.path for sample in samples})
        self._training = [sample for sample in samples if sample.split == "train"]
        self._hands, self._others = self._crops_of(self._training)
        hands, others = self._crops_of([sample for sample in samples if sample.split == "validation"])
        self._validation = hands + others

    def _crops_of(self, samples: Sequence[HandSample]) -> tuple[list[HandCrop], list[HandCrop]]:
        """Return the hands of the samples, and what else looks like one."""
        recipe = self._recipe
        hands = hands_of(samples, recipe.gestures, recipe.data.weights)
        if recipe.others is None:
            return hands, []
        return hands, others_of(samples, self._pictures, recipe.others, recipe.data.weights)

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, CropTargets]]:
        """Yield batches of random crops. Raises `SourceError` when no hand says anything of gestures."""
        recipe = self._recipe
        hands = self._hands if self._teacher else [hand for hand in self._hands if hand.gesture != UNKNOWN]
        if not hands:
            raise SourceError("no training hand has a gesture; name sets with gestures in data.sets, or give a teacher")
        batch, steps = recipe.schedule.batch, range(first_step, recipe.schedule.steps)
        loader: DataLoader[Any] = DataLoader(
            HandCrops([*hands, *self._others], self._pictures, recipe, self._answers(hands)),
            batch_sampler=(ranks.share(range(step * batch, (step + 1) * batch)) for step in steps),
            num_workers=recipe.schedule.workers,
            collate_fn=collate_crops,
            prefetch_factor=4 if recipe.schedule.workers else None,
            worker_init_fn=ignore_termination,
        )
        yield from loader

    def _answers(self, hands: Sequence[HandCrop]) -> FloatArray:
        """Return what the teacher says of the hands, then zeros for the others."""
        answers = np.zeros((len(hands) + len(self._others), len(self._recipe.gestures)), np.float32)
        if self._teacher is not None:
            for row, hand in enumerate(hands):
                answers[row] = self._teacher.answer(self._pictures[hand.path], hand.box_xyxy)
        return answers

    def loss(self, outputs: Sequence[Tensor], targets: CropTargets) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy with the label, softened by the teacher, or with the teacher alone where none is.

        What is no hand counts for its presence alone.
        """
        gestures, handedness, *presence = outputs
        smoothing, share = self._recipe.label_smoothing, self._recipe.teacher_share if self._teacher else 0.0
        taught = -(targets.teacher * log_softmax(gestures, dim=1)).sum(1)
        label = cross_entropy(
            gestures, targets.gestures, ignore_index=UNKNOWN, label_smoothing=smoothing, reduction="none"
        )
        known = targets.gestures != UNKNOWN
        each = torch.where(known, (1 - share) * label + share * taught, self._recipe.teacher_weight * taught)
        side = cross_entropy(handedness, targets.handedness, ignore_index=UNKNOWN, label_smoothing=smoothing)
        hand = targets.presence == HAND
        total = each[hand].sum() / hand.sum().clamp(min=1) + self._recipe.handedness_weight * torch.nan_to_num(side)
        figures = {"gesture": label[known].mean(), "teacher": taught.mean(), "handedness": side}
        for logits in presence:
            figures["presence"] = cross_entropy(logits, targets.presence, label_smoothing=smoothing)
            total = total + self._recipe.presence_weight * figures["presence"]
        return total, {name: float(value.detach()) for name, value in ({"loss": total} | figures).items()}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return macro F1 of the heads on the labelled hands of the validation groups."""
        answers = [classify(model, self._pictures, hand, self._recipe) for hand in self._validation]
        return classification_figures(self._validation, answers, gestures=len(self._recipe.gestures))

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets, their licences and the teacher."""
        teachers = [SOURCE] if self._teacher else []
        return provenance_of(self._recipe, self._training, teachers=teachers)


def classification_figures(
    hands: Sequence[HandCrop], answers: Sequence[Mapping[str, int]], *, gestures: int
) -> dict[str, float]:
    """Return the macro F1 of every head that some hand has a label for; `answers` are those of `classify`."""
    figures = {}
    for head, classes in (("gesture", gestures), ("handedness", len(HANDEDNESS)), ("presence", len(PRESENCE))):
        truth = np.array([getattr(hand, head) for hand in hands], np.int64)
        guess = np.array([answer.get(head, UNKNOWN) for answer in answers], np.int64)
        known = (truth != UNKNOWN) & (guess != UNKNOWN)
        # Hands alone say nothing of how well other things are told from them.
        if known.any() and (head != "presence" or OTHER in truth):
            figures[f"{head}_macro_f1"] = macro_f1(confusion(truth[known], guess[known], classes))
    return figures


def classify(model: nn.Module, pictures: PictureStore, hand: HandCrop, recipe: ClassifierRecipe) -> dict[str, int]:
    """Return the class numbers that a PyTorch classifier gives one hand, preprocessed as on the device."""
    crop = crop_tensor(pictures[hand.path], hand.box_xyxy, recipe.input.contract())
    with torch.inference_mode():
        logits = model(crop[None])
    return {head: int(values.argmax()) for head, values in zip(recipe.heads, logits, strict=True)}
