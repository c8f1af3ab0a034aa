# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training.small_recipes import GESTURES, classifier_recipe
from tests.training.small_sets import picture_with, sample_with
from training.data.crops import (
    HAND,
    OTHER,
    UNKNOWN,
    HandCrop,
    HandCrops,
    balanced_chances,
    collate_crops,
    crop_tensor,
    hands_of,
)
from training.data.pictures import PictureStore

BOX = np.array([16, 8, 48, 40], np.float32)


def hand(path: Path = Path("a.png"), *, gesture: int = 1, handedness: int = 0, weight: float = 1.0) -> HandCrop:
    return HandCrop(path, BOX, gesture, handedness, weight)


def test_names_become_class_numbers_and_set_weights() -> None:
    first = sample_with([[0, 0, 30, 30]] * 2, gestures=("palm", "wave"), handedness=("right", None), dataset="a")
    second = sample_with([[0, 0, 30, 30]], gestures=(None,), handedness=("left",), dataset="b")
    hands = hands_of([first, second], GESTURES, {"a": 2.0})
    assert [(own.gesture, own.handedness, own.weight) for own in hands] == [
        (1, 1, 2.0),
        (UNKNOWN, UNKNOWN, 2.0),
        (UNKNOWN, 0, 1.0),
    ]


def test_ignored_regions_and_tiny_hands_are_no_crops() -> None:
    boxes = [[0, 0, 30, 30], [0, 0, 15, 15], [0, 0, 16, 4], [0, 0, 40, 40]]
    sample = sample_with(boxes, ignored=np.array([False, False, False, True]))
    assert [own.box_xyxy.tolist() for own in hands_of([sample], GESTURES, {})] == [boxes[0], boxes[2]]


def test_of_each_picture_the_upper_hand_alone_may_be_asked_for() -> None:
    boxes = [[0, 20, 30, 50], [30, 2, 60, 40], [0, 0, 20, 20]]
    sample = sample_with(boxes, ignored=np.array([False, False, True]))
    assert [own.box_xyxy.tolist() for own in hands_of([sample], GESTURES, {}, upper_alone=True)] == [boxes[1]]
    assert hands_of([sample_with()], GESTURES, {}, upper_alone=True) == []


def test_rare_gestures_and_weighted_sets_have_a_greater_chance() -> None:
    hands = [hand(gesture=0)] * 4 + [hand(gesture=1), hand(gesture=1, weight=3.0)]
    chances = balanced_chances(hands, 0.0)
    assert chances.sum() == pytest.approx(1.0)
    assert chances[0] / chances[4] == pytest.approx(np.sqrt(2) / np.sqrt(4))
    assert chances[5] / chances[4] == pytest.approx(3.0)


def test_what_is_no_hand_has_its_share_of_all_chances() -> None:
    others = [replace(hand(), presence=OTHER, weight=weight) for weight in (1.0, 3.0)]
    chances = balanced_chances([hand(gesture=0), others[0], hand(gesture=1), others[1]], 0.4)
    assert chances.tolist() == pytest.approx([0.3, 0.1, 0.3, 0.3])


def test_a_crop_is_the_square_about_the_box_as_the_device_sees_it() -> None:
    contract = classifier_recipe(input={"fit": "crop", "width_px": 32, "height_px": 32}).input.contract()
    picture = picture_with([BOX])
    crop = crop_tensor(picture, BOX, contract)
    # 32 pixels of the picture for 32 of the tensor: nothing is interpolated.
    expected = (picture[8:40, 16:48, ::-1].transpose(2, 0, 1).astype(np.float32) - 127.5) / 64
    np.testing.assert_allclose(crop.numpy(), expected, atol=1e-5)


@pytest.fixture
def crops(tmp_path: Path) -> HandCrops:
    """Crops of a left hand whose left side is dark and whose right side is bright."""
    path = tmp_path / "a.png"
    picture = np.full((48, 64, 3), 40, np.uint8)
    picture[:, 32:] = 200
    cv2.imwrite(str(path), picture)
    recipe = classifier_recipe(augment={"occlude": 0.0, "backdrop": 0.0})
    taught = np.array([[0.1, 0.7, 0.2]], np.float32)
    return HandCrops([hand(path)], PictureStore([path]), recipe, taught)


def test_a_crop_depends_on_its_number_alone(crops: HandCrops) -> None:
    first, shown, teacher = crops[5]
    _ = crops[6]
    again = crops[5]
    assert torch.equal(first, again[0])
    assert (shown.gesture, shown.handedness) == (again[1].gesture, again[1].handedness)
    assert first.shape == (3, 32, 32)
    assert teacher.tolist() == pytest.approx([0.1, 0.7, 0.2])
    assert not torch.equal(first, crops[6][0])


def test_a_mirrored_hand_is_the_other_hand(crops: HandCrops) -> None:
    seen = set()
    for number in range(24):
        crop, shown, _ = crops[number]
        across = crop[:, 8:24, :].mean(dim=(0, 1))
        bright_on_the_right = bool(across[16:24].mean() > across[8:16].mean())
        assert shown.handedness == (0 if bright_on_the_right else 1)
        assert shown.gesture == 1
        seen.add(shown.handedness)
    assert seen == {0, 1}


def test_a_hand_of_unknown_side_stays_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture_with([BOX]))
    own = HandCrops(
        [hand(path, handedness=UNKNOWN)], PictureStore([path]), classifier_recipe(), np.zeros((1, 3), np.float32)
    )
    assert {own[number][1].handedness for number in range(8)} == {UNKNOWN}


def test_a_batch_is_stacked(crops: HandCrops) -> None:
    inputs, targets = collate_crops([crops[0], crops[1]])
    assert inputs.shape == (2, 3, 32, 32)
    assert targets.gestures.tolist() == [1, 1]
    assert targets.handedness.dtype == torch.int64
    assert targets.presence.tolist() == [HAND, HAND]
    assert targets.teacher.shape == (2, 3)
