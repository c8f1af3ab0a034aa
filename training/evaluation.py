# SPDX-License-Identifier: Apache-2.0
"""A checkpoint measured on the test split of its recipe's sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from torch import nn

from edge.bundle.accuracy import AccuracyCard, SetAccuracy
from edge.errors import SourceError
from training.checkpoint import read_checkpoint
from training.data.catalogue import held_out_samples
from training.data.crops import HandCrop, hands_of
from training.data.keypoint_crops import placed_hands_of
from training.data.pictures import PictureStore
from training.data.poses import pose_samples_of
from training.data.sample import HandSample
from training.decoder_from_recipe import min_score_of, with_min_score
from training.metrics import HEADLINES, Wanted, detection_figures
from training.mistakes import Mistake, classifier_mistakes, detector_mistakes, keypoint_mistakes, mask_mistakes
from training.recipe import (
    ClassifierRecipe,
    DetectorRecipe,
    HoldingRecipe,
    KeypointsRecipe,
    PoseRecipe,
    SegmenterRecipe,
)
from training.tasks.classifier import classification_figures, classify
from training.tasks.detector import detect
from training.tasks.holding import known_hands
from training.tasks.keypoints import figures_of, locate
from training.tasks.pose import pose_figures
from training.tasks.segmenter import figures_of as mask_figures_of
from training.tasks.segmenter import judged_masks

ALL_SETS = "all sets"
Rows = dict[str, dict[str, float]]
Sets = Mapping[str, Sequence[HandSample]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model did with test pictures: `rows` of figures by set, its `mistakes`, and the `pictures` they are in.

    A model that looks at no pictures has none.
    """

    rows: Rows
    mistakes: list[Mistake] = field(default_factory=list)
    pictures: PictureStore | None = None


def evaluate_checkpoint(path: Path, data_root: Path, *, min_score: float | None = None) -> Evaluation:
    """Return the figures of every set with a test split, and of all together, and the mistakes in all.

    `min_score` replaces a detector's threshold. Raises `SourceError` when the checkpoint or a set cannot be read, or no
    set has test pictures, and `UsageError` for a `min_score` that cannot be.
    """
    checkpoint = read_checkpoint(path)
    recipe = with_min_score(checkpoint.recipe, min_score)
    if isinstance(recipe, PoseRecipe):
        return _pose_evaluation(checkpoint.model(), recipe, data_root)
    samples = held_out_samples(recipe.data, data_root)
    sets: dict[str, list[HandSample]] = {}
    for sample in samples:
        sets.setdefault(sample.dataset, []).append(sample)
    pictures = PictureStore(sample.path for sample in samples)
    model = checkpoint.model()
    if isinstance(recipe, DetectorRecipe):
        return _detector_evaluation(model, recipe, sets, pictures)
    if isinstance(recipe, KeypointsRecipe):
        return _keypoint_evaluation(model, recipe, sets, pictures)
    if isinstance(recipe, SegmenterRecipe):
        return _mask_evaluation(model, recipe, sets, pictures)
    return _classifier_evaluation(model, recipe, sets, pictures)


def card_from_rows(rows: Rows, checkpoint: Path, *, note: str, min_score: float | None = None) -> AccuracyCard:
    """Return the accuracy card of a bundle: the headline over all sets, then the rows set by set.

    `min_score` is what `evaluate_checkpoint` was given. Raises `SourceError` when no test hand has a label for the
    headline.
    """
    metric = next((name for name in HEADLINES if name in rows[ALL_SETS]), None)
    if metric is None:
        raise SourceError(
            f"no test hand has a label for any of {', '.join(HEADLINES)}; add a set with labelled test pictures"
        )
    recipe = with_min_score(read_checkpoint(checkpoint).recipe, min_score)
    taught = {entry.dataset for entry in recipe.data.sets if entry.pseudo_labels}
    sets = tuple(
        SetAccuracy(
            name=name,
            pictures=int(row["pictures"]) if "pictures" in row else None,
            figures={key: round(value, 4) for key, value in row.items() if key != "pictures"},
            pseudo_labels=name in taught or (name == ALL_SETS and bool(taught & rows.keys())),
        )
        for name, row in rows.items()
    )
    return AccuracyCard(
        metric=metric,
        value=round(rows[ALL_SETS][metric], 4),
        split="test",
        date=datetime.now(timezone.utc).date().isoformat(),
        min_score=min_score_of(recipe),
        command=f"edge-train eval {checkpoint.name}" + ("" if min_score is None else f" --min-score {min_score}"),
        sets=sets,
        note=note,
    )


def _detector_evaluation(model: nn.Module, recipe: DetectorRecipe, sets: Sets, pictures: PictureStore) -> Evaluation:
    pairs = {
        name: [(detect(model, pictures[sample.path], recipe), sample) for sample in samples]
        for name, samples in sets.items()
    }
    pairs[ALL_SETS] = [pair for own in pairs.values() for pair in own]
    rows = {}
    for name, own in pairs.items():
        found, wanted = [one for one, _ in own], [Wanted(sample.boxes_xyxy, sample.ignored) for _, sample in own]
        figures = detection_figures(found, wanted, recipe.decoding.min_score)
        rows[name] = {"pictures": float(len(own)), **figures}
    every_found, samples = zip(*pairs[ALL_SETS], strict=True)
    return Evaluation(rows, detector_mistakes(samples, every_found, recipe.decoding.min_score), pictures)


def _classifier_evaluation(
    model: nn.Module, recipe: ClassifierRecipe | HoldingRecipe, sets: Sets, pictures: PictureStore
) -> Evaluation:
    gestures = recipe.gestures if isinstance(recipe, ClassifierRecipe) else ()
    pairs = {
        name: [(hand, classify(model, pictures, hand, recipe)) for hand in _crops_of(samples, recipe)]
        for name, samples in sets.items()
    }
    pairs[ALL_SETS] = [pair for own in pairs.values() for pair in own]
    rows = {}
    for name, own in pairs.items():
        hands, answers = [hand for hand, _ in own], [answer for _, answer in own]
        figures = classification_figures(hands, answers, gestures=len(gestures))
        rows[name] = {"hands": float(len(hands)), **figures}
    every_hand, every_answer = [hand for hand, _ in pairs[ALL_SETS]], [answer for _, answer in pairs[ALL_SETS]]
    return Evaluation(rows, classifier_mistakes(every_hand, every_answer, gestures), pictures)


def _crops_of(samples: Sequence[HandSample], recipe: ClassifierRecipe | HoldingRecipe) -> list[HandCrop]:
    if isinstance(recipe, HoldingRecipe):
        return known_hands(samples, recipe)
    return hands_of(samples, recipe.gestures, recipe.data.weights, upper_alone=recipe.data.upper_alone)


def _keypoint_evaluation(model: nn.Module, recipe: KeypointsRecipe, sets: Sets, pictures: PictureStore) -> Evaluation:
    pairs = {
        name: [(hand, locate(model, pictures, hand, recipe)) for hand in placed_hands_of(samples)]
        for name, samples in sets.items()
    }
    pairs[ALL_SETS] = [pair for own in pairs.values() for pair in own]
    rows = {
        name: {"hands": float(len(own)), **figures_of([hand for hand, _ in own], [found for _, found in own], recipe)}
        for name, own in pairs.items()
    }
    hands, found = [hand for hand, _ in pairs[ALL_SETS]], [own for _, own in pairs[ALL_SETS]]
    return Evaluation(rows, keypoint_mistakes(hands, [own.keypoints for own in found]), pictures)


def _mask_evaluation(model: nn.Module, recipe: SegmenterRecipe, sets: Sets, pictures: PictureStore) -> Evaluation:
    judged = {name: judged_masks(model, samples, pictures, recipe) for name, samples in sets.items()}
    judged[ALL_SETS] = [one for own in judged.values() for one in own]
    counted = "hands" if recipe.takes_crops else "pictures"
    rows = {name: {counted: float(len(own)), **mask_figures_of(own)} for name, own in judged.items()}
    return Evaluation(rows, mask_mistakes(judged[ALL_SETS]), pictures)


def _pose_evaluation(model: nn.Module, recipe: PoseRecipe, data_root: Path) -> Evaluation:
    tested = [sample for sample in pose_samples_of(recipe, data_root) if sample.split == "test"]
    if not tested:
        raise SourceError("none of the recipe's sets has test rows; lower their group_rows or data.test_every")
    sets = {sample.dataset: [own for own in tested if own.dataset == sample.dataset] for sample in tested}
    rows = {name: pose_figures(model, samples, recipe) for name, samples in (sets | {ALL_SETS: tested}).items()}
    return Evaluation(rows)
