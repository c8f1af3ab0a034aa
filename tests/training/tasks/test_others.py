# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError, UsageError
from tests.training.small_checkpoints import saved
from tests.training.small_recipes import classifier_recipe, detector_recipe
from tests.training.small_sets import picture_with, sample_with
from training.data.crops import LEAST_SIDE_PX
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.recipe import OthersRecipe
from training.tasks.others import TOUCHING_SHARE, others_of

BOX = [8, 8, 40, 40]
# Every cell of the finest level is sure of a square of two strides each way.
EVERYWHERE = {"heads__0__1__bias": 2.0}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture_with([BOX]))
    return path


def found_in(sample: HandSample, *, workers: int = 0, **recipe: float | str) -> list[FloatArray]:
    settings = {"detector": str(sample.path.parent / "detector.pt"), "min_score": 0.0}
    others = OthersRecipe.model_validate(settings | recipe)
    found = others_of([sample], PictureStore([sample.path]), others, workers=workers)
    assert all(owner is sample for owner, _ in found)
    return [box for _, box in found]


def test_what_a_detector_finds_beside_the_hands_is_no_hand(picture: Path) -> None:
    saved(picture.parent / "detector.pt", detector_recipe(), **EVERYWHERE)
    sample = sample_with([BOX], path=picture)
    others = found_in(sample)
    boxes = np.stack(others)
    assert len(boxes) > 1
    low, high = np.maximum(boxes[:, :2], BOX[:2]), np.minimum(boxes[:, 2:], BOX[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    assert (shared <= TOUCHING_SHARE * (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)).all()
    assert (boxes[:, 2:] - boxes[:, :2]).max(axis=1).min() >= LEAST_SIDE_PX
    assert len(found_in(sample_with(path=picture))) > len(others)
    np.testing.assert_array_equal(np.stack(found_in(sample, workers=2)), boxes)


@pytest.mark.parametrize("hand", [[20, 14, 28, 22], [0, 0, 64, 48]])
def test_a_box_around_a_hand_or_within_one_is_neither(picture: Path, hand: list[int]) -> None:
    saved(picture.parent / "detector.pt", detector_recipe(), **EVERYWHERE)
    found = found_in(sample_with([hand], path=picture))
    x1, y1, x2, y2 = hand
    for box in found:
        left, top, right, bottom = box.tolist()
        assert not (left < (x1 + x2) / 2 < right and top < (y1 + y2) / 2 < bottom)
    assert len(found) < len(found_in(sample_with(path=picture)))


def test_nothing_is_said_of_ignored_regions_and_of_low_scores(picture: Path) -> None:
    saved(picture.parent / "detector.pt", detector_recipe(), **EVERYWHERE)
    assert found_in(sample_with([[0, 0, 64, 48]], path=picture, ignored=np.ones(1, np.bool_))) == []
    assert found_in(sample_with(path=picture), min_score=0.95) == []


def test_another_models_checkpoint_or_none_is_refused(picture: Path) -> None:
    saved(picture.parent / "classifier.pt", classifier_recipe())
    with pytest.raises(UsageError, match="must be a detector's checkpoint"):
        found_in(sample_with(path=picture), detector=str(picture.parent / "classifier.pt"))
    with pytest.raises(SourceError, match="none"):
        found_in(sample_with(path=picture), detector=str(picture.parent / "none.pt"))
