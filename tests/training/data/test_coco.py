# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.errors import SourceError
from tests.training.small_sets import annotation, write_coco
from training.data.coco import read_coco


def test_boxes_become_corners_and_pictures_are_found(tmp_path: Path) -> None:
    (first, second) = read_coco(write_coco(tmp_path / "set", [{}, {}], [annotation(0, 4, 5, 24, 35)]))
    np.testing.assert_array_equal(first.boxes_xyxy, [[4, 5, 24, 35]])
    assert len(second.boxes_xyxy) == 0
    assert (first.width_px, first.height_px) == (64, 48)
    assert first.path == (tmp_path / "set" / "0.png").resolve()
    assert first.dataset == "set"


def test_crowds_are_ignored_regions(tmp_path: Path) -> None:
    boxes = [annotation(0, 0, 0, 9, 9), annotation(0, 20, 20, 60, 40, iscrowd=1)]
    (sample,) = read_coco(write_coco(tmp_path, [{}], boxes))
    assert sample.ignored.tolist() == [False, True]


def test_a_keypoint_that_is_not_labelled_is_nan(tmp_path: Path) -> None:
    points = [value for number in range(21) for value in (number, number + 1, 2 if number < 19 else number - 19)]
    boxes = [annotation(0, 0, 0, 30, 30, keypoints=points), annotation(0, 0, 0, 9, 9)]
    (sample,) = read_coco(write_coco(tmp_path, [{}], boxes))
    assert np.isnan(sample.keypoints[0, 19]).all()
    np.testing.assert_array_equal(sample.keypoints[0, 20], [20, 21])
    np.testing.assert_array_equal(sample.keypoints[0, 3], [3, 4])
    assert np.isnan(sample.keypoints[1]).all()


def test_keypoints_of_another_skeleton_are_none(tmp_path: Path) -> None:
    (sample,) = read_coco(write_coco(tmp_path, [{}], [annotation(0, 0, 0, 9, 9, keypoints=[1.0, 1.0, 2.0] * 17)]))
    assert np.isnan(sample.keypoints).all()


def test_the_longest_polygon_is_the_outline(tmp_path: Path) -> None:
    polygons = [[1, 1, 2, 1, 2, 2], [5, 5, 25, 5, 25, 25, 5, 25]]
    boxes = [
        annotation(0, 0, 0, 30, 30, segmentation=polygons),
        annotation(0, 0, 0, 30, 30, segmentation=[[1, 1, 2, 2]]),
        annotation(0, 0, 0, 30, 30, segmentation={"counts": [3, 4], "size": [64, 48]}, iscrowd=1),
        annotation(0, 0, 0, 30, 30),
    ]
    (sample,) = read_coco(write_coco(tmp_path, [{}], boxes))
    first, *others = sample.outlines
    assert first is not None
    np.testing.assert_array_equal(first, [[5, 5], [25, 5], [25, 25], [5, 25]])
    assert others == [None, None, None]


def test_a_label_names_the_gesture_unless_one_is_stated(tmp_path: Path) -> None:
    boxes = [
        annotation(0, 0, 0, 9, 9, label="5"),
        annotation(0, 0, 0, 9, 9, label="5", gesture="fist", handedness="left"),
        annotation(0, 0, 0, 9, 9, label="7"),
    ]
    (sample,) = read_coco(write_coco(tmp_path, [{}], boxes), gesture_of_label={"5": "palm"})
    assert sample.gestures == ("palm", "fist", None)
    assert sample.handedness == (None, "left", None)


def test_a_licence_of_a_picture_replaces_that_of_the_set(tmp_path: Path) -> None:
    images = [{}, {"licence": "Flickr"}]
    first, second = read_coco(write_coco(tmp_path, images, [], info={"licence": "MIT"}))
    assert (first.licence, second.licence) == ("MIT", "Flickr")


def test_pictures_may_lie_elsewhere_and_have_a_split_and_a_group(tmp_path: Path) -> None:
    write_coco(tmp_path / "pictures", [{}], [])
    images = [{"file_name": "0.png", "split": "val", "group": "kitchen"}, {"file_name": "1.png"}]
    first, second = read_coco(write_coco(tmp_path / "set", images, [], info={"image_root": "../pictures"}))
    assert first.path == (tmp_path / "pictures" / "0.png").resolve()
    assert (first.split, first.group) == ("val", "kitchen")
    assert (second.split, second.group) == ("train", "1.png")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"annotations\.json cannot be read: No such file.*a COCO set is a folder"):
        read_coco(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is not a COCO file"),
        ('{"images": []}', "annotations: missing"),
        ('{"images": [], "annotations": [{"image_id": 0, "bbox": [1, 2, 3]}]}', r"annotations\.0\.bbox"),
        ('{"images": [], "annotations": [{"image_id": 0, "bbox": [1, 2, 3, NaN]}]}', r"bbox\.3: .*finite"),
    ],
)
def test_an_invalid_file_is_named_with_its_first_problem(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "annotations.json").write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=message) as told:
        read_coco(tmp_path)
    assert str(tmp_path / "annotations.json") in str(told.value)


def test_an_unknown_split_is_refused_rather_than_trained_on(tmp_path: Path) -> None:
    write_coco(tmp_path, [{"split": "holdout"}], [])
    with pytest.raises(SourceError, match=r"images\.0\.split"):
        read_coco(tmp_path)


def test_further_fields_of_a_file_are_no_problem(tmp_path: Path) -> None:
    write_coco(tmp_path, [{"date_captured": "today"}], [annotation(0, 0, 0, 9, 9, score=0.5)])
    path = tmp_path / "annotations.json"
    content = json.loads(path.read_text(encoding="utf-8")) | {"categories": [{"id": 1, "name": "hand"}]}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert len(read_coco(tmp_path)) == 1
