# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from training.data.catalogue import samples_of
from training.data.coco import read_coco
from training.data.hagrid import read_hagrid
from training.data.hagrid_gestures import HAGRID_V1_GESTURES
from training.data.sample import HandSample
from training.recipe import DataRecipe, SetRecipe

# Pictures for training, validation and test, as the data's own description counts them.
SPLITS = {
    "asl_digits": (1442, 0, 203),
    "asl_letters_yolo": (504, 144, 72),
    "hands_obb": (188, 0, 264),
    "lebanese_hands_yolo": (587, 167, 85),
    "people_smoking_person": (353, 0, 48),
    "people_incomplete": (296, 0, 0),
    "subhi_hands": (615, 0, 312),
    "ti1k": (188, 0, 39),
}
# Annotators draw a box a little over the border.
BORDER_PX = 1.5


def assert_boxes_lie_within(samples: list[HandSample]) -> None:
    for sample in samples:
        limit = np.array([sample.width_px, sample.height_px] * 2) + BORDER_PX
        assert (sample.boxes_xyxy >= -BORDER_PX).all(), sample
        assert (sample.boxes_xyxy <= limit).all(), sample
        assert (sample.boxes_xyxy[:, 2:] > sample.boxes_xyxy[:, :2]).all(), sample


@pytest.mark.parametrize("name", SPLITS)
def test_a_coco_set_has_its_splits_and_boxes_within_its_pictures(data_dir: Path, name: str) -> None:
    samples = read_coco(data_dir / "boxes" / name)
    counts = Counter(sample.split for sample in samples)
    assert (counts["train"], counts["val"], counts["test"]) == SPLITS[name]
    assert all(sample.path.is_file() for sample in samples)
    assert_boxes_lie_within(samples)


def test_keypoints_of_a_real_hand_lie_in_or_about_its_box(data_dir: Path) -> None:
    beyond = []
    for sample in read_coco(data_dir / "boxes" / "ti1k"):
        for box, points in zip(sample.boxes_xyxy, sample.keypoints, strict=True):
            if np.isfinite(points).all():
                side = (box[2:] - box[:2]).max()
                beyond.append(float(np.maximum(box[:2] - points, points - box[2:]).max() / side))
    # By hand some fingertip sticks out of a box; most stay within a tenth of its side.
    assert len(beyond) == 212
    assert np.quantile(beyond, 0.9) < 0.1


def test_the_hagrid_test_split_has_known_gestures_and_boxes_within_its_pictures(data_dir: Path) -> None:
    samples = read_hagrid(data_dir / "hagrid_mini", "test")
    assert len(samples) == 240
    assert {name for sample in samples for name in sample.gestures} <= set(HAGRID_V1_GESTURES)
    assert {side for sample in samples for side in sample.handedness} <= {"left", "right", None}
    assert len({sample.group for sample in samples}) == 1
    assert_boxes_lie_within(samples)


def test_pictures_that_a_set_shows_in_training_and_in_test_are_not_trained_on(data_dir: Path) -> None:
    names = ("hands_obb", "subhi_hands")
    data = DataRecipe(sets=tuple(SetRecipe(path=f"boxes/{name}") for name in names))
    sides: dict[tuple[str, str], set[str]] = {}
    for sample in samples_of(data, data_dir, seed=0):
        sides.setdefault((sample.dataset, sample.group), set()).add(sample.split)
    assert {split for group in sides.values() for split in group} == {"train", "validation", "test"}
    assert all(len(splits) == 1 for splits in sides.values())


def test_pictures_under_an_excluded_licence_are_in_the_test_alone(data_dir: Path) -> None:
    data = DataRecipe(sets=(SetRecipe(path="boxes/people_coco128"),), excluded_licences=("Flickr",))
    samples = samples_of(data, data_dir, seed=0)
    assert {sample.split for sample in samples if "Flickr" in sample.licence} == {"test"}
