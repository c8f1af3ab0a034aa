# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge.errors import SourceError, UsageError
from edge.sources.picture import pixels_from_file
from tests.training.small_recipes import classifier_recipe, detector_recipe
from tests.training.small_sets import (
    annotation,
    hagrid_hands,
    picture_with,
    spread_keypoints,
    write_coco,
    write_hagrid,
    write_hagrid_v2,
    write_hands,
    write_listed,
)
from training.data.check import check_before_training, check_folder, check_recipe
from training.data.findings import CheckReport, Finding
from training.recipe_from_file import read_recipe

BOX = (10, 8, 42, 38)


def kinds(report: CheckReport) -> list[tuple[str, str]]:
    return [(finding.kind, Path(finding.file).name) for finding in report.findings]


def different_hands(folder: Path, splits: Sequence[str], **fields: Any) -> Path:
    """Write a set of one picture a split that do not look alike."""
    boxes = ((2, 2, 20, 20), (30, 8, 60, 40), (10, 25, 50, 46))
    images = [{"split": split, "group": f"scene-{number}"} for number, split in enumerate(splits)]
    annotations = [annotation(number, *boxes[number], **fields) for number in range(len(splits))]
    return write_coco(folder, images, annotations)


def only(report: CheckReport) -> Finding:
    (finding,) = report.findings
    return finding


def one_hand(folder: Path, *boxes: tuple[float, ...], **fields: Any) -> CheckReport:
    """Check a set of one picture with these boxes."""
    annotations = [annotation(0, *box, **fields) for box in boxes]
    return check_folder(write_coco(folder / "hands", [{"group": "a"}], annotations))


def test_a_sound_set_has_no_finding_and_is_counted(tmp_path: Path) -> None:
    report = check_folder(different_hands(tmp_path / "hands", ["train", "train", "test"], gesture="palm"))
    assert report.findings == ()
    assert (report.pictures, report.hands) == ({"hands": 3}, {"hands": 3})
    assert report.summary == "data: 3 pictures, 3 hands; nothing is wrong"
    report.require_sound(strict=True)


@pytest.mark.parametrize(
    ("box", "kind", "told"),
    [
        ((10, 8, 42, 8), "empty box", "32.0x0.0"),
        ((40, 8, 80, 38), "outside", "16 pixels out of the 64x48 picture"),
        ((-9, 8, 40, 38), "outside", "9 pixels"),
    ],
)
def test_a_box_without_extent_or_outside_is_named(tmp_path: Path, box: tuple[float, ...], kind: str, told: str) -> None:
    finding = only(one_hand(tmp_path, box))
    assert (finding.kind, finding.dataset, finding.file) == (kind, "hands", "hands/0.png")
    assert told in finding.what


def test_a_box_a_little_over_the_border_is_none_of_them(tmp_path: Path) -> None:
    assert one_hand(tmp_path, (-1.5, 8, 65.5, 38)).findings == ()


def test_two_boxes_of_one_hand_are_named_but_a_crowd_is_not(tmp_path: Path) -> None:
    twice = (BOX, (10, 8, 42, 39))
    finding = only(one_hand(tmp_path / "twice", *twice))
    assert (finding.kind, "IoU 0.97" in finding.what) == ("overlap", True)
    assert one_hand(tmp_path / "crowd", *twice, iscrowd=1).findings == ()


def test_keypoints_of_another_hand_are_named(tmp_path: Path) -> None:
    def points(shift: float) -> list[float]:
        return [value for x, y in spread_keypoints(BOX) for value in (float(x) + shift, float(y), 2.0)]

    assert one_hand(tmp_path / "own", BOX, keypoints=points(6)).findings == ()
    finding = only(one_hand(tmp_path / "others", BOX, keypoints=points(20)))
    assert (finding.kind, finding.what) == (
        "keypoints",
        "a keypoint of box 0 lies 0.6 times its longer side outside of it",
    )


def test_an_unknown_gesture_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    finding = only(one_hand(tmp_path, BOX, gesture="plam"))
    assert (finding.kind, "did you mean 'palm'?" in finding.what) == ("gesture", True)


def test_a_picture_without_annotation_is_named_but_not_in_a_set_without_hands(tmp_path: Path) -> None:
    assert only(one_hand(tmp_path)).kind == "no annotation"
    (tmp_path / "hands" / "annotations.json").unlink()
    assert check_folder(tmp_path / "hands").findings == ()


def test_a_group_in_two_splits_is_one_leak(tmp_path: Path) -> None:
    images = [{"split": split, "group": "desk"} for split in ("train", "train", "test")]
    boxes = [annotation(number, 10 + 9 * number, 8, 30 + 9 * number, 38) for number in range(3)]
    finding = only(check_folder(write_coco(tmp_path / "hands", images, boxes)))
    assert finding.kind == "leak"
    assert finding.what == "group 'desk' has 1 in test, 2 in train; those that are not tested are left out"


def test_unreadable_pictures_are_all_named_and_break_a_training(tmp_path: Path) -> None:
    folder = write_hands(tmp_path / "hands", splits=["train"] * 4)
    _, encoded = cv2.imencode(".jpg", picture_with([]))
    (folder / "0.png").write_bytes(encoded.tobytes()[:-20])
    (folder / "1.png").unlink()
    (folder / "2.png").write_text("no picture", encoding="utf-8")
    report = check_folder(folder)
    assert kinds(report) == [("unreadable", f"{number}.png") for number in range(3)]
    assert "truncated" in report.findings[0].what
    assert report.breaking == 3
    with pytest.raises(SourceError, match=r"3 of them stop a training; mend what `edge-train data check` names$"):
        report.require_sound(strict=False)


def test_a_picture_of_another_size_than_annotated_is_named(tmp_path: Path) -> None:
    folder = write_hands(tmp_path / "hands", splits=["train"])
    cv2.imwrite(str(folder / "0.png"), picture_with([BOX], width_px=128, height_px=96))
    finding = only(check_folder(folder))
    assert (finding.kind, finding.what) == ("size", "the picture is 128x96, annotated as 64x48")


def test_the_same_picture_in_training_and_test_is_named_even_as_another_file(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    annotations = [annotation(0, *BOX), annotation(1, 30, 2, 60, 20)]
    train = write_coco(tmp_path / "sets" / "train", [{}, {}], annotations)
    test = write_coco(tmp_path / "sets" / "test", [{"split": "test"}], annotations[:1])
    report = check_folder(tmp_path / "sets")
    assert kinds(report) == [("duplicate", "0.png")]
    assert report.findings[0].what == "in train, looks the same as test/0.png in test"

    again = cv2.imencode(".jpg", pixels_from_file(test / "0.png"), [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    (train / "0.png").write_bytes(again.tobytes())
    assert kinds(check_folder(tmp_path / "sets")) == [("duplicate", "0.png")]


def test_a_hagrid_set_that_cannot_be_read_names_its_pictures(tmp_path: Path) -> None:
    folder = write_hagrid(
        tmp_path / "set", "train_val", "palm", {"a": hagrid_hands(["palm"]), "b": hagrid_hands(["palm"])}
    )
    write_hagrid(folder, "test", "palm", {"c": hagrid_hands(["palm"], user_id="other")})
    assert [kind for kind, _ in kinds(check_folder(folder))] == ["duplicate", "duplicate"]
    for name in "ab":
        (folder / "train_val" / "palm" / f"{name}.jpg").write_bytes(b"")
    assert kinds(check_folder(folder))[1:] == [("unreadable", "a.jpg"), ("unreadable", "b.jpg")]


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no data set; expected annotations\.json"):
        check_folder(tmp_path)


def test_a_recipe_is_checked_with_its_gestures(tmp_path: Path) -> None:
    different_hands(tmp_path / "hands", ["train", "train", "test"], gesture="palm")
    report = check_recipe(classifier_recipe(untrained_gestures=["no_gesture"]), tmp_path)
    assert kinds(report) == [("empty class", "fist")]
    assert check_recipe(detector_recipe(), tmp_path).findings == ()


def test_a_recipe_without_a_training_hand_or_without_its_set_is_refused(tmp_path: Path) -> None:
    report = check_recipe(detector_recipe(), tmp_path)
    assert kinds(report) == [("unreadable", "hands"), ("no training", tmp_path.name)]
    write_hands(tmp_path / "hands", splits=["test"])
    assert kinds(check_recipe(detector_recipe(), tmp_path)) == [("no training", tmp_path.name)]
    with pytest.raises(UsageError, match="hand-pose recipe is checked as it is read"):
        check_recipe(read_recipe("hand-pose"), tmp_path)


def test_before_a_training_annotations_are_checked_and_pictures_are_not(tmp_path: Path) -> None:
    said: list[str] = []
    folder = write_hands(tmp_path / "hands", splits=["train", "test"], gesture="palm")
    (folder / "0.png").write_bytes(b"")
    recipe = classifier_recipe()
    check_before_training(recipe, tmp_path, strict=False, say=said.append)
    assert said == ["data: 2 pictures, 2 hands; 2 findings (2 empty class), none of them stops a training"]
    with pytest.raises(SourceError, match=r"2 empty class.* or leave --strict out"):
        check_before_training(recipe, tmp_path, strict=True, say=said.append)


def test_a_report_is_json(tmp_path: Path) -> None:
    report = json.loads(json.dumps(one_hand(tmp_path, BOX, gesture="plam").to_dict()))
    assert report["sets"] == [{"name": "hands", "pictures": 1, "hands": 1}]
    assert [finding["kind"] for finding in report["findings"]] == ["gesture"]
    assert report["breaking"] == 0


def test_folders_in_other_layouts_are_read_as_what_they_are(tmp_path: Path) -> None:
    hand = {"bboxes": [[0.2, 0.2, 0.5, 0.5]], "labels": ["palm"], "user_id": "u"}
    write_hagrid_v2(tmp_path / "v2", "train", "palm", {"a": hand})
    write_listed(tmp_path / "lists", train=4, test=2)
    for name, hands in (("v2", 1), ("lists", 6)):
        report = check_folder(tmp_path / name)
        assert report.hands[name] == hands
        assert "no training" not in [kind for kind, _ in kinds(report)]
