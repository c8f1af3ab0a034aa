# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from edge.errors import SourceError, UsageError
from tests.training.small_checkpoints import saved
from tests.training.small_recipes import detector_recipe, keypoints_mapping, keypoints_recipe
from tests.training.small_sets import write_hands, write_keypoints
from training.checkpoint import read_checkpoint
from training.evaluation import card_from_rows, evaluate_checkpoint
from training.loop import train
from training.metrics import keypoint_figures
from training.models import build
from training.tasks import task_from_recipe
from training.tasks.keypoints import KeypointTraining


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_keypoints(folder / "hands", splits=["train"] * 6 + ["val", "test", "test"])
    write_hands(folder / "plain", splits=["train"] * 3)
    return folder


def test_a_model_learns_where_keypoints_lie(root: Path, tmp_path: Path) -> None:
    augment = {"shift": 0, "scale": 0, "rotation_rad": 0, "any_rotation": 0, "occlude": 0, "backdrop": 0, "far": 0}
    schedule = keypoints_mapping()["schedule"] | {"steps": 60, "batch": 4, "rate": 0.01, "validate_steps": 60}
    recipe = keypoints_recipe(schedule=schedule | {"average_decay": 0.5}, augment=augment, sigma_px=1.0)
    task = task_from_recipe(recipe, root)
    before = task.evaluate(task.model.eval())
    path = train(task, recipe.schedule, tmp_path, seed=recipe.seed)
    after = read_checkpoint(path).metrics
    assert after["mean_error"] < 0.7 * before["mean_error"]
    assert set(after) == {"pck@0.05", "pck@0.1", "mean_error", "calibration_error", "keypoints"}


def test_batches_go_on_where_they_stopped(root: Path) -> None:
    training = KeypointTraining(keypoints_recipe(), root)
    whole = list(training.batches(0))
    rest = list(training.batches(2))
    assert len(whole) == 4
    for (crops, targets), (again, same) in zip(whole[2:], rest, strict=True):
        assert torch.equal(crops, again)
        assert torch.equal(targets.points_px, same.points_px)


def test_hands_without_keypoints_teach_nothing(root: Path) -> None:
    data = {"validate_every": 1_000_000, "sets": [{"path": "plain"}]}
    with pytest.raises(SourceError, match="no training hand has keypoints"):
        next(iter(KeypointTraining(keypoints_recipe(data=data), root).batches(0)))
    assert KeypointTraining(keypoints_recipe(data=data), root).evaluate(build(keypoints_recipe().model)) == {}


def test_what_looks_like_a_hand_teaches_presence(root: Path, tmp_path: Path) -> None:
    # A detector that finds hands everywhere.
    detector = saved(tmp_path / "detector.pt", detector_recipe(), heads__0__1__bias=2.0)
    model = keypoints_mapping()["model"] | {"presence": True}
    recipe = keypoints_recipe(model=model, others={"detector": str(detector), "min_score": 0.0, "share": 0.5})
    training = KeypointTraining(recipe, root)
    crops, targets = next(iter(training.batches(0)))
    outputs = training.model(crops)
    total, figures = training.loss(outputs, targets)
    assert figures["loss"] == pytest.approx(figures["place"] + recipe.presence_weight * figures["presence"], rel=1e-5)
    total.backward()  # type: ignore[no-untyped-call]
    evaluated = training.evaluate(training.model.eval())
    assert {"hands_kept", "others_dropped"} <= set(evaluated)
    path = saved(tmp_path / "checkpoint.pt", recipe)
    assert evaluate_checkpoint(path, root).rows["all sets"]["hands_kept"] in (0.0, 0.5, 1.0)
    (teacher,) = training.provenance()["data"]["teachers"]
    assert teacher.startswith("detector.pt (sha256 ")
    never = recipe.model_copy(update={"others": recipe.others and recipe.others.model_copy(update={"min_score": 1.0})})
    with pytest.raises(SourceError, match=r"lower others\.min_score"):
        next(iter(KeypointTraining(never, root).batches(0)))


def test_a_teacher_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="a hand-keypoints recipe learns from labels alone"):
        task_from_recipe(keypoints_recipe(), root, teacher=root / "teacher.onnx")


def test_a_model_of_another_size_than_the_input_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"model must have .*'side_px': 64"):
        keypoints_recipe(input={"fit": "crop", "width_px": 64, "height_px": 64})


def test_a_checkpoint_is_measured_and_its_mistakes_are_shown(root: Path, tmp_path: Path) -> None:
    path = saved(tmp_path / "checkpoint.pt", keypoints_recipe())
    evaluation = evaluate_checkpoint(path, root)
    assert evaluation.rows["hands"]["hands"] == 2
    assert evaluation.rows["all sets"]["keypoints"] == 42
    assert len(evaluation.mistakes) == 2
    assert evaluation.mistakes[0].points is not None
    assert card_from_rows(evaluation.rows, path, note="").metric == "pck@0.1"
    with pytest.raises(UsageError, match="min_score is for detectors"):
        evaluate_checkpoint(path, root, min_score=0.4)


def test_figures_are_shares_of_the_hands_side() -> None:
    wanted = np.zeros((2, 21, 2), np.float32)
    wanted[1, :20] = np.nan
    found = np.zeros((2, 21, 3), np.float32)
    found[0, :, 0] = np.linspace(0, 20, 21)
    found[1, 20, 1] = 30
    found[..., 2] = 0.5
    figures = keypoint_figures(found, wanted, np.array([100, 200], np.float32), reach=0.1)
    assert figures["keypoints"] == 22
    assert figures["pck@0.05"] == pytest.approx(6 / 22)
    assert figures["pck@0.1"] == pytest.approx(11 / 22)
    assert figures["mean_error"] == pytest.approx((sum(range(21)) / 100 + 0.15) / 22)
    assert figures["calibration_error"] == pytest.approx(abs(0.5 - 11 / 22))


def test_scores_that_say_how_many_are_right_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((2000, 21)).astype(np.float32)
    right = rng.random(scores.shape) < scores
    found = np.stack([np.where(right, 0, 50), np.zeros_like(scores), scores], -1).astype(np.float32)
    sides_px = np.full(2000, 100, np.float32)
    wanted = np.zeros((2000, 21, 2), np.float32)
    assert keypoint_figures(found, wanted, sides_px, reach=0.1)["calibration_error"] < 0.01
    found[..., 2] = np.sqrt(scores)
    assert keypoint_figures(found, wanted, sides_px, reach=0.1)["calibration_error"] > 0.1
