# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import SourceError
from tests.training.small_sets import HEIGHT_PX, WIDTH_PX, hagrid_hands, write_hagrid, write_hagrid_v2
from training.data.catalogue import samples_of
from training.data.hagrid import hagrid_splits, read_hagrid
from training.data.hagrid_gestures import HAGRID_V1_GESTURES, HAGRID_V2_GESTURES, V1_OUTPUTS
from training.recipe import DataRecipe, SetRecipe

POINTS = [[0.25 + number / 100, 0.5] for number in range(21)]
LEFT, RIGHT, BOTH = [0.1, 0.3, 0.25, 0.25], [0.6, 0.3, 0.25, 0.25], [0.1, 0.3, 0.75, 0.25]


def v2_hands(labels: list[str], **changes: Any) -> dict[str, Any]:
    """Return an annotation with the fields that HaGRID v2 publishes."""
    return {
        "bboxes": [[0.25, 0.25, 0.25, 0.5] for _ in labels],
        "labels": labels,
        "united_bbox": None,
        "united_label": None,
        "user_id": "someone",
        "hand_landmarks": [POINTS for _ in labels],
        "meta": {"age": [24.41], "gender": ["female"], "race": ["White"]},
        **changes,
    }


def two_handed(**changes: Any) -> dict[str, Any]:
    united = {"united_bbox": [BOTH], "united_label": ["hand_heart"]}
    return v2_hands(["hand_heart"] * 2, bboxes=[LEFT, RIGHT], **(united | changes))


def test_version_2_adds_gestures_to_those_of_version_1() -> None:
    assert len(set(HAGRID_V2_GESTURES)) == 34
    assert set(HAGRID_V1_GESTURES) < set(HAGRID_V2_GESTURES)
    assert set(V1_OUTPUTS) == set(HAGRID_V1_GESTURES)


def test_boxes_and_landmarks_are_in_pixels_of_the_picture(tmp_path: Path) -> None:
    write_hagrid_v2(tmp_path, "val", "grip", {"a": v2_hands(["grip", "no_gesture"], hand_landmarks=[POINTS, []])})
    (sample,) = read_hagrid(tmp_path, "val")
    assert (sample.split, sample.group, sample.gestures) == ("val", "someone", ("grip", "no_gesture"))
    assert sample.handedness == (None, None)
    np.testing.assert_allclose(sample.boxes_xyxy[0], [16, 12, 32, 36])
    np.testing.assert_allclose(sample.keypoints[0], np.array(POINTS) * [WIDTH_PX, HEIGHT_PX], rtol=1e-6)
    assert np.isnan(sample.keypoints[1]).all()


@pytest.mark.parametrize("landmarks", [None, [], [POINTS], [None, None], [POINTS[:5], POINTS[:5]]])
def test_landmarks_that_belong_to_no_hand_are_left_out(tmp_path: Path, landmarks: object) -> None:
    write_hagrid_v2(tmp_path, "test", "grip", {"a": v2_hands(["grip", "grip"], hand_landmarks=landmarks)})
    (sample,) = read_hagrid(tmp_path, "test")
    assert np.isnan(sample.keypoints).all()


def test_two_hands_of_one_gesture_are_two_or_united(tmp_path: Path) -> None:
    third = v2_hands(
        ["no_gesture", "hand_heart", "hand_heart"],
        bboxes=[[0, 0, 0.1, 0.1], LEFT, RIGHT],
        united_bbox=[BOTH, None],
        united_label=["hand_heart", None],
    )
    write_hagrid_v2(tmp_path, "train", "hand_heart", {"a": two_handed(), "b": third})
    assert [sample.gestures for sample in read_hagrid(tmp_path, "train")] == [
        ("hand_heart", "hand_heart"),
        ("no_gesture", "hand_heart", "hand_heart"),
    ]
    both, with_third = read_hagrid(tmp_path, "train", united=True)
    assert (both.gestures, with_third.gestures) == (("hand_heart",), ("hand_heart", "no_gesture"))
    corners = np.array([0.1, 0.3, 0.85, 0.55]) * np.tile([WIDTH_PX, HEIGHT_PX], 2)
    np.testing.assert_allclose(both.boxes_xyxy, [corners], rtol=1e-5)


def test_one_handed_gestures_stay_as_they_are_when_united(tmp_path: Path) -> None:
    write_hagrid_v2(tmp_path, "train", "grip", {"a": v2_hands(["grip", "no_gesture"])})
    (sample,) = read_hagrid(tmp_path, "train", united=True)
    assert sample.gestures == ("grip", "no_gesture")
    assert np.isfinite(sample.keypoints).all()


def test_a_recipe_reads_the_splits_that_are_there_and_keeps_users_apart(tmp_path: Path) -> None:
    for split, user in (("train", "one"), ("train", "two"), ("val", "three"), ("test", "one")):
        own = v2_hands(["grip"], user_id=user)
        write_hagrid_v2(tmp_path / "v2", split, f"grip_{user}", {f"{split}-{user}": own})
    data = DataRecipe(sets=(SetRecipe(path="v2", layout="hagrid"),), validate_every=10_000)
    found = {(sample.split, sample.group) for sample in samples_of(data, tmp_path, seed=0)}
    assert found == {("train", "two"), ("validation", "three"), ("test", "one")}


def test_gestures_whose_pictures_are_not_there_are_left_out(tmp_path: Path) -> None:
    write_hagrid_v2(tmp_path, "train", "grip", {"a": v2_hands(["grip"])})
    write_hagrid_v2(tmp_path, "train", "holy", {"b": v2_hands(["holy"])})
    shutil.rmtree(tmp_path / "holy")
    assert [sample.gestures for sample in read_hagrid(tmp_path, "train")] == [("grip",)]
    shutil.rmtree(tmp_path / "grip")
    with pytest.raises(SourceError, match="has no folder of pictures for any gesture"):
        read_hagrid(tmp_path, "train")


def test_pictures_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    write_hagrid_v2(tmp_path, "train", "grip", {"a": v2_hands(["grip"])})
    (tmp_path / "hagrid_dataset").mkdir()
    (tmp_path / "grip").rename(tmp_path / "hagrid_dataset" / "grip")
    (tmp_path / "annotations").rename(tmp_path / "hagrid_annotations")
    (sample,) = read_hagrid(tmp_path, "train")
    assert sample.path == (tmp_path / "hagrid_dataset" / "grip" / "a.jpg").resolve()


def test_the_subset_of_version_1_is_trained_on(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "subsample", "fist", {"a": hagrid_hands(["fist"])})
    assert hagrid_splits(tmp_path) == ["subsample"]
    (sample,) = read_hagrid(tmp_path, "subsample")
    assert (sample.split, sample.handedness) == ("train", ("right",))


def test_landmarks_of_version_1_are_read(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "test", "fist", {"a": hagrid_hands(["fist"], landmarks=[POINTS])})
    (sample,) = read_hagrid(tmp_path, "test")
    assert np.isfinite(sample.keypoints).all()


def test_a_folder_without_annotations_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no HaGRID annotation; expected ann_train_val"):
        hagrid_splits(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"united_label": []}, "expected one united_label for each united_bbox"),
        ({"hand_landmarks": [[[0.1]]]}, r"a\.hand_landmarks"),
    ],
)
def test_a_malformed_annotation_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    write_hagrid_v2(tmp_path, "test", "hand_heart", {"a": two_handed() | changes})
    with pytest.raises(SourceError, match=message):
        read_hagrid(tmp_path, "test")
