# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.errors import UsageError
from edge.results import Hands
from edge.tasks import HandPose, load
from export.bundle_from_checkpoint import bundle_from_checkpoint
from export.settings import ExportSettings
from tests.edge.bundles import noisy_picture
from tests.training.small_checkpoints import saved
from training.recipe_from_file import read_recipe


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("pose") / "checkpoint.pt", read_recipe("hand-pose"))


def test_a_pose_model_is_compared_on_rendered_hands_and_names_poses(checkpoint: Path, tmp_path: Path) -> None:
    report = bundle_from_checkpoint(checkpoint, ExportSettings(to=tmp_path), say=lambda _: None)
    kept = [file for file in report.files if file.kept]
    assert all(file.agrees and file.hands.reference_hands > 0 for file in kept)
    bundle = Bundle.open(report.bundle)
    assert bundle.verify().hands == report.self_test_hands > 0
    points = np.random.default_rng(0).random((5, 21, 3)).astype(np.float32)
    hands = Hands(np.tile(np.array([[0, 0, 9, 9]], np.float32), (5, 1)), np.ones(5, np.float32), keypoints=points)
    with load(bundle.path) as task:
        assert isinstance(task, HandPose)
        poses = task(noisy_picture(64, 48), hands).poses
    assert poses is not None
    assert poses.names == read_recipe("hand-pose").poses  # type: ignore[union-attr]


@pytest.mark.parametrize("option", ["data", "picture"])
def test_pictures_without_keypoints_are_refused(checkpoint: Path, tmp_path: Path, option: str) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), noisy_picture(64, 48))
    given: dict[str, Any] = {option: tmp_path if option == "data" else tmp_path / "a.png"}
    with pytest.raises(UsageError, match="tried on hands with keypoints"):
        bundle_from_checkpoint(checkpoint, ExportSettings(to=tmp_path / "bundles", **given), say=lambda _: None)
