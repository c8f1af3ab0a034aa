# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from edge.errors import SourceError, UsageError
from tests.training.small_recipes import SCHEDULE
from tests.training.small_sets import annotation, spread_keypoints, write_coco
from training.checkpoint import read_checkpoint
from training.data.keypoint_rows import PoseSample
from training.data.poses import PoseRows, pose_samples_of, varied
from training.evaluation import evaluate_checkpoint
from training.loop import MISTAKES, train
from training.recipe import PoseRecipe
from training.tasks import task_from_recipe


def pose_recipe(**changes: Any) -> PoseRecipe:
    sets = [
        {"path": "rows.csv", "layout": "mediapipe-csv", "pose_of_label": {"0": "up", "1": "down"}, "group_rows": 4},
        {"path": "hands", "layout": "coco", "pose_of_label": {"like": "up"}},
    ]
    mapping: dict[str, Any] = {
        "task": "hand-pose",
        "name": "small-pose",
        "seed": 3,
        "model": {"architecture": "pose-mlp", "classes": 2, "hidden": [16]},
        "poses": ["up", "down"],
        "data": {"sets": sets},
        "schedule": SCHEDULE | {"steps": 150, "batch": 16, "rate": 0.01, "average_decay": 0.5, "validate_steps": 150},
    }
    return PoseRecipe.model_validate(mapping | changes)


def hand(rng: np.random.Generator, *, up: bool) -> np.ndarray[Any, Any]:
    points = rng.normal(0, 0.05, (21, 2)) + np.linspace(0, 0.5, 21)[:, None] * [1, 0.1]
    points[4] = [0.1, -1 if up else 1]
    return points


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = [(label, hand(rng, up=label == 0)) for label in (0, 1) for _ in range(40)]
    lines = [",".join([str(label), *(f"{value:.4f}" for value in points.ravel())]) for label, points in rows]
    (folder / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    keypoints = np.column_stack([spread_keypoints([10, 8, 42, 38]), np.full(21, 2)]).ravel().tolist()
    hands = [
        annotation(0, 10, 8, 42, 38, keypoints=keypoints, gesture="like"),
        annotation(0, 10, 8, 42, 38, keypoints=keypoints, gesture="palm"),
        annotation(1, 10, 8, 42, 38, gesture="like"),
    ]
    write_coco(folder / "hands", [{"split": "test"}, {"split": "train"}], hands, info={"licence": "MIT"})
    return folder


def test_rows_next_to_each_other_are_on_one_side(root: Path) -> None:
    samples = [sample for sample in pose_samples_of(pose_recipe(), root) if sample.dataset == "rows"]
    ups = [sample.split for sample in samples if sample.pose == "up"]
    assert ups == (["train"] * 12 + ["validation"] * 4 + ["test"] * 4) * 2
    assert [sample.split for sample in samples if sample.pose == "down"] == ups


def test_coco_hands_with_keypoints_and_a_known_gesture_are_rows(root: Path) -> None:
    (only,) = [sample for sample in pose_samples_of(pose_recipe(), root) if sample.dataset == "hands"]
    assert (only.pose, only.split, only.licence) == ("up", "test", "MIT")


def test_a_pose_that_the_recipe_does_not_know_is_named(root: Path) -> None:
    (root / "recorded").mkdir(exist_ok=True)
    line = {"hands": [{"keypoints": [[0.0, 1.0, 1.0]] * 21}]}
    (root / "recorded" / "sideways.jsonl").write_text(json.dumps(line), encoding="utf-8")
    data = pose_recipe().model_dump()["data"]
    data["sets"] = [*data["sets"], {"path": "recorded", "layout": "json-lines"}]
    with pytest.raises(SourceError, match="the recipe's poses do not include sideways in recorded"):
        pose_samples_of(pose_recipe(data=data), root)


def test_too_few_rows_to_test_on_are_told(root: Path) -> None:
    data = pose_recipe().model_dump()["data"]
    data["sets"] = [{**data["sets"][0], "group_rows": 10}]
    with pytest.raises(SourceError, match="no test row shows the poses down, up; record more of them"):
        pose_samples_of(pose_recipe(data=data), root)


def test_an_excluded_licence_is_tested_on_alone(root: Path) -> None:
    data = pose_recipe().model_dump()["data"] | {"excluded_licences": ("not stated",)}
    with pytest.raises(SourceError, match="no train row shows the poses down, up"):
        pose_samples_of(pose_recipe(data=data), root)


def test_a_model_learns_poses_in_seconds(root: Path, tmp_path: Path) -> None:
    recipe = pose_recipe()
    path = train(task_from_recipe(recipe, root), recipe.schedule, tmp_path, seed=recipe.seed)
    assert read_checkpoint(path).metrics["pose_accuracy"] == 1.0
    evaluation = evaluate_checkpoint(path, root)
    assert evaluation.rows["rows"] == {"pose_accuracy": 1.0, "pose_macro_f1": 1.0, "rows": 16.0}
    assert set(evaluation.rows) == {"rows", "hands", "all sets"}
    assert evaluation.pictures is None
    assert not (tmp_path / MISTAKES).exists()
    with pytest.raises(UsageError, match="min_score is for detectors"):
        evaluate_checkpoint(path, root, min_score=0.5)


def test_every_pose_is_as_likely_whatever_the_number_of_its_rows() -> None:
    rng = np.random.default_rng(0)
    samples = [
        PoseSample("rows", "MIT", hand(rng, up=pose == "up").astype(np.float32), pose, "train")
        for pose in ["up"] * 30 + ["down"] * 3
    ]
    rows = PoseRows(samples, pose_recipe())
    classes = [rows[number][1] for number in range(400)]
    assert np.mean(classes) == pytest.approx(0.5, abs=0.08)
    assert torch.equal(rows[7][0], rows[7][0])


def test_a_variant_is_the_same_hand_a_little_different() -> None:
    points = hand(np.random.default_rng(1), up=True).astype(np.float32)
    plain = pose_recipe(augment={"noise": 0, "rotation_rad": 0, "stretch": 0, "mirror": 0})
    np.testing.assert_allclose(varied(np.random.default_rng(0), points, plain), points, atol=1e-6)
    mirrored = pose_recipe(augment={"noise": 0, "rotation_rad": 0, "stretch": 0, "mirror": 1})
    np.testing.assert_allclose(varied(np.random.default_rng(0), points, mirrored), points * [-1, 1], atol=1e-6)


def test_what_contradicts_itself_is_refused(root: Path) -> None:
    with pytest.raises(ValidationError, match=r"model\.classes must be 3"):
        pose_recipe(poses=["up", "down", "ok"])
    sets = [{"path": "rows.csv", "layout": "mediapipe-csv", "pose_of_label": {"0": "sideways"}}]
    with pytest.raises(ValidationError, match="what is not among poses: sideways"):
        pose_recipe(data={"sets": sets})
    missing = pose_recipe(data={"sets": [{"path": "none.csv", "layout": "mediapipe-csv"}]})
    with pytest.raises(SourceError, match=r"none\.csv does not exist"):
        task_from_recipe(missing, root)
    with pytest.raises(UsageError, match="leave the teacher out"):
        task_from_recipe(pose_recipe(), root, teacher=root / "teacher.onnx")
