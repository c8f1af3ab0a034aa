# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import SourceError
from tests.training.small_sets import hagrid_hands, write_hagrid
from training.data.hagrid import read_hagrid
from training.data.hagrid_gestures import HAGRID_V1_GESTURES


def test_boxes_are_in_pixels_of_the_picture(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "train_val", "fist", {"a": hagrid_hands(["fist"])})
    (sample,) = read_hagrid(tmp_path, "train_val", licence="CC0-1.0")
    assert (sample.width_px, sample.height_px) == (64, 48)
    np.testing.assert_allclose(sample.boxes_xyxy, [[16, 12, 32, 36]])
    assert (sample.split, sample.group, sample.licence) == ("train", "someone", "CC0-1.0")
    assert sample.path == (tmp_path / "train_val" / "fist" / "a.jpg").resolve()


def test_the_leading_hand_is_the_one_that_makes_the_gesture(tmp_path: Path) -> None:
    hands = {"a": hagrid_hands(["no_gesture", "fist"], leading_hand="left"), "b": hagrid_hands(["fist", "fist"])}
    write_hagrid(tmp_path, "train_val", "fist", hands)
    first, second = read_hagrid(tmp_path, "train_val")
    assert first.gestures == ("no_gesture", "fist")
    assert first.handedness == (None, "left")
    assert second.handedness == (None, None)


def test_the_test_split_is_for_tests_and_every_gesture_is_read(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "test", "palm", {"a": hagrid_hands(["palm"])})
    write_hagrid(tmp_path, "test", "call", {"b": hagrid_hands(["call"], user_id="other")})
    samples = read_hagrid(tmp_path, "test")
    assert [sample.split for sample in samples] == ["test", "test"]
    assert {sample.gestures for sample in samples} == {("palm",), ("call",)}


def test_a_picture_without_boxes_is_read(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "test", "palm", {"a": hagrid_hands([])})
    (sample,) = read_hagrid(tmp_path, "test")
    assert sample.boxes_xyxy.shape == (0, 4)


def test_the_names_are_those_of_version_1() -> None:
    assert len(set(HAGRID_V1_GESTURES)) == 19
    assert HAGRID_V1_GESTURES[-1] == "no_gesture"


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no annotation of the split test"):
        read_hagrid(tmp_path, "test")


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "test", "palm", {"a": hagrid_hands(["palm"])})
    (tmp_path / "test" / "palm" / "a.jpg").unlink()
    with pytest.raises(SourceError, match=r"a\.jpg"):
        read_hagrid(tmp_path, "test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"user_id": 3}, r"a\.user_id"),
        ({"bboxes": [[0, 0, 1]]}, r"a\.bboxes\.0"),
        ({"labels": ["palm", "fist"]}, "expected one label a box, got 2 labels for 1 boxes"),
    ],
)
def test_a_malformed_annotation_names_file_and_picture(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    write_hagrid(tmp_path, "test", "palm", {"a": hagrid_hands(["palm"]) | changes})
    with pytest.raises(SourceError, match=message) as told:
        read_hagrid(tmp_path, "test")
    assert str(tmp_path / "ann_test" / "palm.json") in str(told.value)


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    write_hagrid(tmp_path, "test", "palm", {})
    (tmp_path / "ann_test" / "palm.json").write_text("{", encoding="utf-8")
    with pytest.raises(SourceError, match=r"palm\.json is not a HaGRID annotation"):
        read_hagrid(tmp_path, "test")
