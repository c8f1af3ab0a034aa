# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from tests.training.small_hand import SIDE_PX, hand_outline, hand_points
from tests.training.small_recipes import holding_recipe
from tests.training.small_sets import BACKGROUND, SKIN
from training.data.crops import UNKNOWN, HandCrop, HandCrops
from training.data.grasp_crops import EMPTY, HOLDING, GraspCrops
from training.data.pictures import PictureStore


@pytest.fixture
def fist(tmp_path: Path) -> HandCrop:
    """An empty fist in a picture on disk."""
    outline, points = hand_outline(curled=True), hand_points(curled=True)
    picture = np.full((SIDE_PX, SIDE_PX, 3), BACKGROUND, np.uint8)
    cv2.fillPoly(picture, [outline.astype(np.int32)], SKIN)
    cv2.imwrite(str(tmp_path / "fist.png"), picture)
    box = np.concatenate([outline.min(0), outline.max(0)])
    return HandCrop(tmp_path / "fist.png", box, UNKNOWN, UNKNOWN, 1.0, holding=EMPTY, outline=outline, keypoints=points)


def crops_of(hand: HandCrop, **augment: Any) -> GraspCrops:
    recipe = holding_recipe(augment=augment)
    return GraspCrops([hand], PictureStore([hand.path]), recipe, [hand.path])


def test_a_thing_in_an_empty_hand_makes_it_one_that_holds(fist: HandCrop) -> None:
    crops = crops_of(fist, things=1.0, held=1.0)
    shown = [crops[number][1].holding for number in range(20)]
    assert shown.count(HOLDING) >= 15


def test_a_thing_beside_an_empty_hand_leaves_it_empty(fist: HandCrop) -> None:
    loose, plain = crops_of(fist, things=1.0, held=0.0), crops_of(fist, things=0.0)
    assert {loose[number][1].holding for number in range(20)} == {EMPTY}
    assert sum(not np.array_equal(loose[number][0], plain[number][0]) for number in range(20)) >= 15


@pytest.mark.parametrize(
    "changes",
    [
        {"holding": HOLDING},
        {"outline": None},
        {"keypoints": None},
        {"keypoints": np.full((21, 2), np.nan, np.float32)},
    ],
    ids=["holds already", "no outline", "no keypoints", "unknown keypoints"],
)
def test_other_hands_keep_what_they_hold(fist: HandCrop, changes: dict[str, Any]) -> None:
    hand = replace(fist, **changes)
    crops = crops_of(hand, things=1.0, held=1.0)
    assert {crops[number][1].holding for number in range(10)} == {hand.holding}


def test_hands_that_hold_are_shown_as_without_things(fist: HandCrop) -> None:
    hand = replace(fist, holding=HOLDING)
    recipe = holding_recipe()
    plain = HandCrops([hand], PictureStore([hand.path]), recipe, np.zeros((1, 0), np.float32))
    np.testing.assert_array_equal(crops_of(hand, things=1.0)[3][0], plain[3][0])


def test_a_crop_depends_on_the_seed_and_its_number_alone(fist: HandCrop) -> None:
    first, second = crops_of(fist, things=1.0), crops_of(fist, things=1.0)
    first[0]
    np.testing.assert_array_equal(first[7][0], second[7][0])
    assert first[7][1].holding == second[7][1].holding
    assert not np.array_equal(first[7][0], first[8][0])


@pytest.mark.parametrize("augment", [{"things": 1.5}, {"held": -0.1}, {"objects": 0.5}])
def test_a_recipe_with_impossible_things_is_refused(augment: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="augment"):
        holding_recipe(augment=augment)
