# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from edge.errors import SourceError
from tests.training.small_checkpoints import saved
from tests.training.small_recipes import classifier_mapping, classifier_recipe, detector_recipe
from tests.training.small_sets import sample_with, write_hands
from tests.training.teacher.small_models import classifier_model
from training.data.crops import HAND, OTHER, UNKNOWN, CropTargets, HandCrop, hands_of
from training.models import build
from training.recipe import ClassifierRecipe
from training.tasks import task_from_recipe
from training.tasks.classifier import ClassifierTraining, classification_figures
from training.teacher.classifier import CLASSES, SOURCE

Targets = tuple[list[int], list[int]]
DETECTOR = "detector.pt"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_hands(folder / "hands", splits=["train"] * 6 + ["val", "val", "test"], gesture="palm", handedness="left")
    write_hands(folder / "plain", splits=["train"] * 4)
    logits = [20.0 if name == "fist" else 0.0 for name in CLASSES]
    classifier_model(folder / "teacher.onnx", logits)
    saved(folder / DETECTOR, detector_recipe(), heads__0__1__bias=2.0)
    return folder


def recipe_with_others(root: Path, **changes: Any) -> ClassifierRecipe:
    """Return a recipe whose detector finds hands everywhere."""
    model = classifier_mapping()["model"] | {"head_classes": [3, 2, 2]}
    others = {"detector": str(root / DETECTOR), "min_score": 0.0, "share": 0.5}
    return classifier_recipe(model=model, others=others, **changes)


@pytest.fixture(scope="module")
def alone(root: Path) -> ClassifierTraining:
    return ClassifierTraining(classifier_recipe(), root)


@pytest.fixture(scope="module")
def taught(root: Path) -> ClassifierTraining:
    recipe = classifier_recipe(teacher_share=0.25, teacher_weight=0.5, label_smoothing=0.0)
    return ClassifierTraining(recipe, root, teacher=root / "teacher.onnx")


def targets(gestures: list[int], handedness: list[int], teacher: Tensor | None = None) -> CropTargets:
    answers = torch.zeros(len(gestures), 3) if teacher is None else teacher
    presence = torch.full((len(gestures),), HAND)
    return CropTargets(torch.tensor(gestures), torch.tensor(handedness), presence, answers)


def outputs(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(4)
    gestures = torch.randn(count, 3, generator=generator).requires_grad_()
    return gestures, torch.randn(count, 2, generator=generator).requires_grad_()


def test_without_a_teacher_the_loss_is_the_cross_entropy_of_both_heads(alone: ClassifierTraining) -> None:
    gestures, handedness = outputs(4)
    loss, figures = alone.loss((gestures, handedness), targets([0, 1, 2, 1], [0, 1, 1, 0]))
    gesture = cross_entropy(gestures, torch.tensor([0, 1, 2, 1]), label_smoothing=0.05)
    side = cross_entropy(handedness, torch.tensor([0, 1, 1, 0]), label_smoothing=0.05)
    torch.testing.assert_close(loss, gesture + 0.3 * side)
    assert figures["gesture"] == pytest.approx(float(gesture.detach()))


def test_a_teacher_has_its_share_in_labelled_hands_and_speaks_alone_of_others(taught: ClassifierTraining) -> None:
    gestures, handedness = outputs(2)
    teacher = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    loss, _ = taught.loss((gestures, handedness), targets([2, UNKNOWN], [UNKNOWN, 1], teacher))
    logs = log_softmax(gestures, dim=1)
    labelled = 0.75 * -logs[0, 2] + 0.25 * -(teacher[0] * logs[0]).sum()
    spoken = 0.5 * -(teacher[1] * logs[1]).sum()
    side = cross_entropy(handedness[1:], torch.tensor([1]))
    torch.testing.assert_close(loss, (labelled + spoken) / 2 + 0.3 * side)


def test_a_batch_without_labels_has_a_finite_loss_and_gradient(alone: ClassifierTraining) -> None:
    heads = outputs(3)
    loss, _ = alone.loss(heads, targets([UNKNOWN] * 3, [UNKNOWN] * 3))
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    assert all(head.grad is not None and torch.isfinite(head.grad).all() for head in heads)


def test_labels_alone_teach_labelled_hands_alone(root: Path) -> None:
    recipe = classifier_recipe(data={"validate_every": 3, "sets": [{"path": "hands"}, {"path": "plain"}]})
    for _, seen in ClassifierTraining(recipe, root).batches(0):
        assert (seen.gestures == 1).all()
        assert (seen.teacher == 0).all()


def test_a_teacher_answers_for_every_hand(root: Path) -> None:
    recipe = classifier_recipe(data={"validate_every": 1_000_000, "sets": [{"path": "hands"}, {"path": "plain"}]})
    training = ClassifierTraining(recipe, root, teacher=root / "teacher.onnx")
    batches = [seen for _, seen in training.batches(0)]
    assert {int(label) for seen in batches for label in seen.gestures} == {1, UNKNOWN}
    for seen in batches:
        torch.testing.assert_close(seen.teacher[:, 0], torch.ones(2))
    assert training.provenance()["data"]["teachers"] == [SOURCE]


def test_batches_go_on_where_they_stopped(alone: ClassifierTraining) -> None:
    batches = list(alone.batches(0))
    assert [tuple(inputs.shape) for inputs, _ in batches] == [(2, 3, 32, 32)] * 4
    assert not torch.equal(batches[0][0], batches[1][0])
    for (inputs, seen), (again, other) in zip(batches[2:], alone.batches(2), strict=True):
        assert torch.equal(inputs, again)
        assert torch.equal(seen.handedness, other.handedness)


class Always(nn.Module):
    """Answers every crop with the same gesture and hand."""

    def __init__(self, gesture: int, handedness: int) -> None:
        super().__init__()
        self._gesture, self._handedness = gesture, handedness

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        rows = torch.zeros(len(crops), dtype=torch.int64)
        return torch.eye(3)[rows + self._gesture], torch.eye(2)[rows + self._handedness]


def test_validation_scores_the_labelled_hands(alone: ClassifierTraining) -> None:
    right = alone.evaluate(Always(1, 0))
    assert right == {"gesture_macro_f1": 1.0, "handedness_macro_f1": 1.0}
    assert alone.evaluate(Always(0, 1)) == {"gesture_macro_f1": 0.0, "handedness_macro_f1": 0.0}


def test_a_head_without_labels_has_no_figure() -> None:
    samples = [sample_with([[0, 0, 30, 30]] * 2, gestures=("fist", "palm"))]
    hands = hands_of(samples, ("fist", "palm"), {})
    answers = [{"gesture": 0, "handedness": 0}, {"gesture": 0, "handedness": 1}]
    figures = classification_figures(hands, answers, gestures=2)
    assert figures == pytest.approx({"gesture_macro_f1": np.mean([2 / 3, 0.0])})
    assert classification_figures([], [], gestures=2) == {}


def test_what_is_no_hand_counts_for_its_presence_alone(root: Path) -> None:
    recipe = recipe_with_others(root, label_smoothing=0.0, presence_weight=2.0)
    training = ClassifierTraining(recipe, root)
    gestures, handedness = outputs(3)
    presence = torch.randn(3, 2, generator=torch.Generator().manual_seed(5))
    kinds = torch.tensor([HAND, OTHER, HAND])
    seen = CropTargets(torch.tensor([0, UNKNOWN, 2]), torch.tensor([1, UNKNOWN, 0]), kinds, torch.zeros(3, 3))
    loss, figures = training.loss((gestures, handedness, presence), seen)
    hands = torch.tensor([0, 2])
    gesture = cross_entropy(gestures[hands], torch.tensor([0, 2]))
    side = cross_entropy(handedness[hands], torch.tensor([1, 0]))
    present = cross_entropy(presence, kinds)
    torch.testing.assert_close(loss, gesture + 0.3 * side + 2.0 * present)
    assert figures["presence"] == pytest.approx(float(present))
    unknown = torch.full((3,), UNKNOWN)
    others = CropTargets(unknown, unknown, torch.full((3,), OTHER), torch.zeros(3, 3))
    assert torch.isfinite(training.loss((gestures, handedness, presence), others)[0])


def test_others_are_among_the_batches_and_validated(root: Path) -> None:
    recipe = recipe_with_others(root)
    training = ClassifierTraining(recipe, root)
    kinds = torch.cat([seen.presence for _, seen in training.batches(0)])
    assert {HAND, OTHER} == set(kinds.tolist())
    figures = training.evaluate(build(recipe.model).eval())
    assert set(figures) == {"gesture_macro_f1", "handedness_macro_f1", "hands_kept", "others_dropped"}
    (detector,) = training.provenance()["data"]["teachers"]
    assert detector.startswith(f"{DETECTOR} (sha256 ")


def test_a_training_without_others_is_refused_where_they_are_asked_for(root: Path) -> None:
    recipe = recipe_with_others(root)
    assert recipe.others is not None
    never = recipe.model_copy(update={"others": recipe.others.model_copy(update={"min_score": 1.0})})
    with pytest.raises(SourceError, match=r"never wrong in the training pictures; lower others\.min_score"):
        next(iter(ClassifierTraining(never, root).batches(0)))


def test_hands_without_a_gesture_teach_presence(root: Path) -> None:
    sets = {"validate_every": 1_000_000, "sets": [{"path": "hands"}, {"path": "plain"}]}
    seen = [seen for _, seen in ClassifierTraining(recipe_with_others(root, data=sets), root).batches(0)]
    hands = torch.cat([one.gestures[one.presence == HAND] for one in seen])
    assert set(hands.tolist()) == {1, UNKNOWN}


def test_presence_is_told_as_what_is_kept_and_what_is_dropped() -> None:
    box = np.array([0, 0, 30, 30], np.float32)
    crops = [HandCrop(Path("a.png"), box, UNKNOWN, UNKNOWN, 1.0, presence=kind) for kind in (HAND, OTHER, OTHER)]
    answers = [{"gesture": 0, "handedness": 0, "presence": kind} for kind in (HAND, OTHER, HAND)]
    assert classification_figures(crops, answers, gestures=2) == {"hands_kept": 1.0, "others_dropped": 0.5}
    assert classification_figures(crops[:1], answers[:1], gestures=2) == {"hands_kept": 1.0}


def test_a_training_without_gestures_is_refused(root: Path) -> None:
    recipe = classifier_recipe(data={"validate_every": 3, "sets": [{"path": "plain"}]})
    with pytest.raises(SourceError, match="no training hand has a gesture"):
        next(iter(ClassifierTraining(recipe, root).batches(0)))


def test_a_missing_teacher_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"teacher\.onnx is not a file"):
        task_from_recipe(classifier_recipe(), tmp_path, teacher=tmp_path / "teacher.onnx")
