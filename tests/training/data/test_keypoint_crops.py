# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training.small_recipes import keypoints_mapping, keypoints_recipe
from tests.training.small_sets import picture_with, sample_with, spread_keypoints
from training.data.crops import HAND, OTHER
from training.data.keypoint_crops import (
    KeypointCrops,
    PlacedHand,
    collate_keypoints,
    placed_hands_of,
    without_keypoints,
)
from training.data.pictures import PictureStore

BOX = np.array([20, 8, 44, 40], np.float32)
PLAIN = {"shift": 0, "scale": 0, "rotation_rad": 0, "any_rotation": 0, "occlude": 0, "backdrop": 0, "far": 0}
# A random stretch of a few percent, and half a pixel of the crop.
TOLERANCE_PX = 3.0


def hand(path: Path) -> PlacedHand:
    return PlacedHand(path, "small", BOX, spread_keypoints(BOX))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture_with([BOX]))
    return path


def crops_of(picture: Path, **augment: float) -> KeypointCrops:
    recipe = keypoints_recipe(augment={**PLAIN, **augment})
    return KeypointCrops([hand(picture)], PictureStore([picture]), recipe)


def test_hands_without_keypoints_ignored_or_tiny_ones_are_left_out() -> None:
    boxes = [[0, 0, 30, 30], [0, 0, 15, 15], [0, 0, 20, 20], [0, 0, 40, 40]]
    keypoints = np.stack([spread_keypoints(box) for box in boxes])
    keypoints[2] = np.nan
    keypoints[0, 4] = np.nan
    sample = sample_with(boxes, keypoints=keypoints, ignored=np.array([False, False, False, True]))
    (only,) = placed_hands_of([sample])
    assert only.box_xyxy.tolist() == boxes[0]
    assert only.side_px == 30


def test_an_unturned_hand_lies_in_the_middle_of_its_crop(picture: Path) -> None:
    inner_px = 32 / 1.5
    for number in range(20):
        _, points, _ = crops_of(picture)[number]
        extent = points.max(0).values - points.min(0).values
        np.testing.assert_allclose((points.max(0).values + points.min(0).values) / 2, [16, 16], atol=TOLERANCE_PX / 2)
        assert float(extent.max()) == pytest.approx(inner_px, abs=TOLERANCE_PX)


@pytest.mark.parametrize(
    "augment", [{}, {"any_rotation": 1.0}, {"shift": 0.1, "scale": 0.2, "rotation_rad": 0.5}, {"far": 1.0}]
)
def test_keypoints_stay_on_the_hand(picture: Path, augment: dict[str, float]) -> None:
    crops = crops_of(picture, **augment)
    skin = 0
    for number in range(40):
        crop, points, _ = crops[number]
        assert crop.shape == (3, 32, 32)
        inner = ((points - points.mean(0)) * 0.8 + points.mean(0)).round().long()
        seen = crop[:, inner[:, 1].clamp(0, 31), inner[:, 0].clamp(0, 31)]
        # The hand is redder than blue, its surroundings are not; one crop in twelve is made grey.
        skin += int((seen[0] > seen[2]).sum())
    assert skin > 0.85 * 40 * 21


def test_any_rotation_turns_any_way(picture: Path) -> None:
    turned = [crops_of(picture, any_rotation=1.0)[number][1] for number in range(60)]
    ends = torch.stack([points[20] - points[0] for points in turned])
    angles = torch.atan2(ends[:, 1], ends[:, 0])
    assert np.histogram(angles.numpy(), bins=6, range=(-np.pi, np.pi))[0].min() > 0


def test_a_far_hand_is_seen_in_few_pixels(picture: Path) -> None:
    def detail(crops: KeypointCrops) -> float:
        """How much neighbouring pixels differ, on the whole."""
        return sum(float(crops[number][0].diff(dim=2).diff(dim=2).abs().sum()) for number in range(20))

    assert detail(crops_of(picture, far=1.0, farthest_px=5)) < 0.7 * detail(crops_of(picture))


def test_what_is_no_hand_has_its_share_and_no_keypoints(picture: Path) -> None:
    sample = sample_with([BOX], path=picture)
    other = without_keypoints(sample, BOX)
    mapping = keypoints_mapping()
    recipe = keypoints_recipe(
        model=mapping["model"] | {"presence": True}, others={"detector": "detector.pt", "share": 0.3}
    )
    crops = KeypointCrops([hand(picture)] * 9 + [other], PictureStore([picture]), recipe)
    seen = [crops[number] for number in range(300)]
    others = [points for _, points, presence in seen if presence == OTHER]
    assert len(others) == pytest.approx(90, abs=30)
    assert all(torch.isnan(points).all() for points in others)


def test_a_crop_depends_on_its_number_alone(picture: Path) -> None:
    first, again, other = (crops_of(picture, any_rotation=0.5)[number] for number in (3, 3, 4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_a_batch_is_stacked(picture: Path) -> None:
    crops, targets = collate_keypoints([crops_of(picture)[number] for number in range(3)])
    assert crops.shape == (3, 3, 32, 32)
    assert targets.points_px.shape == (3, 21, 2)
    assert targets.presence.tolist() == [HAND] * 3
