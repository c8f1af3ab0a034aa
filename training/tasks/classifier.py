# SPDX-License-Identifier: Apache-2.0
"""Training the crop classifier: gesture, handedness and presence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from edge.decoders.softmax_heads import HANDEDNESS, HOLDING
from edge.errors import SourceError
from training import ranks
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
from training.data.loading import batches_of, numbered
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.metrics import confusion, macro_f1
from training.provenance import provenance_of
from training.recipe import ClassifierRecipe, HoldingRecipe
from training.tasks.others import described_detector, others_of
from training.tasks.picture_training import PictureTraining
from training.teacher.classifier import SOURCE, TeacherClassifier

Classes = npt.NDArray[np.int64]


class ClassifierTraining(PictureTraining[ClassifierRecipe]):
    """The classifier's side of the training loop; see `training.loop.TrainingTask`.

    `teacher` is the path of HaGRID's crop classifier, or None to learn from labels alone. Raises as `PictureTraining`,
    and `SourceError` when the teacher cannot be read.
    """

    def __init__(self, recipe: ClassifierRecipe, data_root: Path, *, teacher: Path | None = None) -> None:
        self._teacher = None if teacher is None else TeacherClassifier(teacher, recipe.gestures)
        super().__init__(recipe, data_root)

    def _hands_of(self, samples: Sequence[HandSample]) -> list[HandCrop]:
        recipe = self._recipe
        return hands_of(samples, recipe.gestures, recipe.data.weights, upper_alone=recipe.data.upper_alone)

    @cached_property
    def _others(self) -> tuple[list[HandCrop], list[HandCrop]]:
        """What else looks like a hand in training and validation pictures, where the recipe asks for it."""
        others = self._recipe.others
        if others is None:
            return [], []
        workers = self._recipe.schedule.workers
        training, validation = (
            [
                HandCrop(sample.path, box, UNKNOWN, UNKNOWN, self._weight_of(sample), presence=OTHER)
                for sample, box in others_of(samples, self._pictures, others, workers=workers)
            ]
            for samples in (self._training, self._validation)
        )
        return training, validation

    def _weight_of(self, sample: HandSample) -> float:
        return self._recipe.data.weights.get(sample.dataset, 1.0)

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, CropTargets]]:
        """Yield batches of random crops.

        Raises `SourceError` when no hand says anything of gestures, and when nothing else looks like a hand although
        the recipe asks for it.
        """
        recipe = self._recipe
        hands, others = self._hands_of(self._training), self._others[0]
        if not self._teacher and not any(hand.gesture != UNKNOWN for hand in hands):
            raise SourceError("no training hand has a gesture; name sets with gestures in data.sets, or give a teacher")
        if not self._teacher and recipe.others is None:
            hands = [hand for hand in hands if hand.gesture != UNKNOWN]
        if recipe.others and not others:
            raise SourceError("the detector of others is never wrong in the training pictures; lower others.min_score")
        crops = HandCrops([*hands, *others], self._pictures, recipe, self._answers(hands, others))
        yield from batches_of(crops, numbered(recipe.schedule, first_step), recipe.schedule, collate=collate_crops)

    def _answers(self, hands: Sequence[HandCrop], others: Sequence[HandCrop]) -> FloatArray:
        """Return what the teacher says of the hands, then zeros for the others."""
        answers = np.zeros((len(hands) + len(others), len(self._recipe.gestures)), np.float32)
        teacher = self._teacher
        if teacher is not None and hands:
            told = ranks.spread(lambda hand: teacher.answer(self._pictures[hand.path], hand.box_xyxy), hands)
            answers[: len(hands)] = told
        return answers

    def loss(self, outputs: Sequence[Tensor], targets: CropTargets) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy with the label, softened by the teacher, or with the teacher alone where none is.

        A hand of which nobody says a gesture, and what is no hand, count for the other heads alone.
        """
        recipe = self._recipe
        logits = dict(zip(recipe.heads, outputs, strict=True))
        gestures = logits["gesture"]
        share = recipe.teacher_share if self._teacher else 0.0
        known, spoken = targets.gestures != UNKNOWN, targets.teacher.sum(1) > 0
        label = self._cross_entropy(gestures, targets.gestures)
        taught = -(targets.teacher * log_softmax(gestures, dim=1)).sum(1)
        each = torch.where(known, (1 - share) * label + share * taught, recipe.teacher_weight * taught)
        total = ranks.mean_of_batch(each, known | spoken)
        figures = {"gesture": label[known].mean(), "teacher": taught[spoken].mean()}
        weights = {"handedness": recipe.handedness_weight, "presence": recipe.presence_weight}
        for head, weight in weights.items():
            if head in logits:
                classes = getattr(targets, head)
                figures[head] = ranks.mean_of_batch(self._cross_entropy(logits[head], classes), classes != UNKNOWN)
                total = total + weight * figures[head]
        return total, {name: float(value.detach()) for name, value in ({"loss": total} | figures).items()}

    def _cross_entropy(self, logits: Tensor, classes: Tensor) -> Tensor:
        """Return the loss of each row (N,), 0 where its class is unknown."""
        smoothing = self._recipe.label_smoothing
        return cross_entropy(logits, classes, ignore_index=UNKNOWN, label_smoothing=smoothing, reduction="none")

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures of the heads on the hands, and what else looks like one, of the validation groups."""
        crops = self._hands_of(self._validation) + self._others[1]
        answers = [classify(model, self._pictures, crop, self._recipe) for crop in crops]
        return classification_figures(crops, answers, gestures=len(self._recipe.gestures))

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets, their licences and the teachers."""
        teachers = [SOURCE] if self._teacher else []
        if self._recipe.others is not None:
            teachers.append(described_detector(self._recipe.others))
        return provenance_of(self._recipe, self._training, teachers=teachers)


def classification_figures(
    hands: Sequence[HandCrop], answers: Sequence[Mapping[str, int]], *, gestures: int = 0
) -> dict[str, float]:
    """Return the figures of every head that some crop has a label for; `answers` are those of `classify`.

    Gesture, handedness and holding have a macro F1, holding an accuracy too; of presence it is told how many hands are
    kept and how many others dropped.
    """
    figures = {}
    truth, guess = _truth_and_guess(hands, answers, "holding")
    if len(truth):
        figures["holding_accuracy"] = float((guess == truth).mean())
    for head, classes in (("gesture", gestures), ("handedness", len(HANDEDNESS)), ("holding", len(HOLDING))):
        truth, guess = _truth_and_guess(hands, answers, head)
        if len(truth):
            figures[f"{head}_macro_f1"] = macro_f1(confusion(truth, guess, classes))
    truth, guess = _truth_and_guess(hands, answers, "presence")
    for kind, name in ((HAND, "hands_kept"), (OTHER, "others_dropped")):
        if (truth == kind).any():
            figures[name] = float((guess[truth == kind] == kind).mean())
    return figures


def _truth_and_guess(
    hands: Sequence[HandCrop], answers: Sequence[Mapping[str, int]], head: str
) -> tuple[Classes, Classes]:
    """Return the class numbers (N,) of the crops that have a label for this head, where the model has it too."""
    pairs = [(getattr(hand, head), answer.get(head, UNKNOWN)) for hand, answer in zip(hands, answers, strict=True)]
    told = np.array([pair for pair in pairs if UNKNOWN not in pair], np.int64).reshape(-1, 2)
    return told[:, 0], told[:, 1]


def classify(
    model: nn.Module, pictures: PictureStore, hand: HandCrop, recipe: ClassifierRecipe | HoldingRecipe
) -> dict[str, int]:
    """Return the class numbers that a PyTorch classifier gives one hand, preprocessed as on the device."""
    crop = crop_tensor(pictures[hand.path], hand.box_xyxy, recipe.input.contract())
    with torch.inference_mode():
        logits = model(crop[None])
    return {head: int(values.argmax()) for head, values in zip(recipe.heads, logits, strict=True)}
