# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from edge.errors import SourceError, UsageError
from tests.training.small_sets import HEIGHT_PX, WIDTH_PX, picture_with
from training.convert import pictures_in_layout
from training.convert.coco_set import Conversion, write_coco_set
from training.data.coco import read_coco
from training.data.sample import HandSample

# Lines as TV-Hand and COCO-Hand publish them: four sides, in an order of its own each, then four corners.
TV_LINES = {
    "train_IDs_tv.txt": ["/some/where/025663_004.jpg,10,12,40,44,15,44,40,40,35,12,10,20,hand"],
    "valid_IDs.txt": ["TV-Hand_Images/031417_004.jpg" + ",-1" * 12 + ",hand"],
    "test_IDs.txt": [
        "000074_006.jpg,20,10,30,25,20,10,30,10,30,25,20,25,hand",
        "000074_006.jpg,2,10,12,25,2,10,12,10,12,25,2,25,hand",
        "000074_008.jpg,20,10,30,25,20,10,30,10,30,25,20,25,hand",
    ],
}
COCO_LINES = ["000000093493.jpg,10,40,12,44,15,44,40,40,35,12,10,20,hand", ""]


def write_picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture_with([]))


def write_oxford(source: Path, split: str, name: str, hands: Sequence[Mapping[str, Any]]) -> Path:
    """Write a picture and its .mat file as Oxford has them; a hand is a structure in a cell of `boxes`."""
    folder = source / f"{split}_dataset" / f"{split}_data"
    write_picture(folder / "images" / f"{name}.jpg")
    (folder / "annotations").mkdir(exist_ok=True)
    cells = np.empty((1, len(hands)), object)
    for number, hand in enumerate(hands):
        cells[0, number] = hand
    file = folder / "annotations" / f"{name}.mat"
    savemat(file, {"boxes": cells}, do_compression=True)
    return file


def turned_hand(**fields: Any) -> dict[str, Any]:
    """Return the corners (y, x), counted from 1, of a box turned by an eighth."""
    corners = {"a": (10.5, 30.5), "b": (20.5, 40.5), "c": (30.5, 30.5), "d": (20.5, 20.5)}
    return {name: np.array([corner]) for name, corner in corners.items()} | fields


def write_hand_cnn(folder: Path, files: Mapping[str, Sequence[str]]) -> Path:
    """Write annotation files and every picture they name."""
    folder.mkdir(parents=True)
    for file, lines in files.items():
        (folder / file).write_text("\n".join(lines), encoding="utf-8")
        for line in filter(None, lines):
            write_picture(folder / f"{folder.name}_Images" / Path(line.split(",")[0]).name)
    return folder


def converted(layout: str, source: Path, to: Path, *, copy: bool = False) -> tuple[Conversion, dict[str, HandSample]]:
    pictures = pictures_in_layout(layout, source)
    done = write_coco_set(pictures, source, to, description=layout, licence="CC0-1.0", copy=copy)
    return done, {sample.path.stem: sample for sample in read_coco(to)}


@pytest.mark.parametrize("copy", [False, True])
def test_oxford_hands_have_the_box_about_their_corners_and_their_split(tmp_path: Path, *, copy: bool) -> None:
    source = tmp_path / "hand_dataset"
    write_oxford(source, "training", "Buffy_1", [turned_hand(), turned_hand(side="L")])
    write_oxford(source, "validation", "Movie_2", [turned_hand()])
    write_oxford(source, "test", "VOC2007_3", [])
    done, samples = converted("oxford", source, tmp_path / "sets" / "oxford", copy=copy)
    assert (done.pictures, done.hands, done.dropped_boxes, done.skipped) == (3, 3, 0, ())
    assert {name: sample.split for name, sample in samples.items()} == {
        "Buffy_1": "train",
        "Movie_2": "val",
        "VOC2007_3": "test",
    }
    np.testing.assert_allclose(samples["Buffy_1"].boxes_xyxy, [[20, 10, 40, 30]] * 2)
    assert {sample.licence for sample in samples.values()} == {"CC0-1.0"}
    home = tmp_path / "sets" / "oxford" / "images" if copy else source
    assert samples["Buffy_1"].path == home / "training_dataset" / "training_data" / "images" / "Buffy_1.jpg"
    original = source / "training_dataset" / "training_data" / "images" / "Buffy_1.jpg"
    assert samples["Buffy_1"].path.read_bytes() == original.read_bytes()
    content = json.loads((tmp_path / "sets" / "oxford" / "annotations.json").read_bytes())
    assert [one.get("label") for one in content["annotations"]] == [None, "L", None]
    assert content["annotations"][0]["corners"] == [30, 10, 40, 20, 30, 30, 20, 20]


def test_tv_hands_come_from_the_corners_and_a_clip_is_a_group(tmp_path: Path) -> None:
    source = write_hand_cnn(tmp_path / "TV-Hand", TV_LINES)
    done, samples = converted("tv-hand", source, tmp_path / "tv")
    assert (done.pictures, done.hands) == (4, 4)
    np.testing.assert_allclose(samples["025663_004"].boxes_xyxy, [[10, 12, 40, 44]])
    assert len(samples["031417_004"].boxes_xyxy) == 0
    assert len(samples["000074_006"].boxes_xyxy) == 2
    assert [samples[name].split for name in ("025663_004", "031417_004", "000074_006")] == ["train", "val", "test"]
    assert samples["000074_006"].group == samples["000074_008"].group == "000074"


def test_coco_hands_of_both_parts_are_read_once_and_cut_at_the_picture(tmp_path: Path) -> None:
    root = tmp_path / "COCO-Hand"
    write_hand_cnn(root / "COCO-Hand-S", {"COCO-Hand-S_annotations.txt": COCO_LINES})
    more = ["000000000002.jpg,50,90,12,44,50,12,90,12,90,60,50,60,hand", "000000000002.jpg" + ",90" * 12 + ",hand"]
    again = [COCO_LINES[0].replace(",10,", ",0,")]
    write_hand_cnn(root / "COCO-Hand-Big", {"COCO-Hand-Big_annotations.txt": [*again, *more]})
    done, samples = converted("coco-hand", root, tmp_path / "coco")
    assert (done.pictures, done.hands, done.dropped_boxes) == (2, 2, 1)
    np.testing.assert_allclose(samples["000000093493"].boxes_xyxy, [[10, 12, 40, 44]])
    np.testing.assert_allclose(samples["000000000002"].boxes_xyxy, [[50, 12, WIDTH_PX, HEIGHT_PX]])
    assert converted("coco-hand", root / "COCO-Hand-S", tmp_path / "small")[0].pictures == 1


def test_pictures_that_cannot_be_read_are_skipped_and_named(tmp_path: Path) -> None:
    source = write_hand_cnn(tmp_path / "TV-Hand", TV_LINES)
    (source / "TV-Hand_Images" / "031417_004.jpg").unlink()
    done, samples = converted("tv-hand", source, tmp_path / "tv")
    assert len(samples) == 3
    assert len(done.skipped) == 1
    assert "031417_004.jpg" in done.skipped[0]


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        ("oxford", r"is not Oxford's hand_dataset; expected training_dataset/"),
        ("tv-hand", r"is not TV-Hand; expected train_IDs_tv\.txt"),
        ("coco-hand", r"is not COCO-Hand; expected COCO-Hand-S/"),
    ],
)
def test_a_folder_in_another_layout_is_refused_and_leaves_nothing(tmp_path: Path, layout: str, told: str) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(SourceError, match=told):
        converted(layout, tmp_path / "source", tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_damaged_annotation_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "hand_dataset"
    file = write_oxford(source, "training", "Buffy_1", [turned_hand()])
    for content in (b"no matlab", file.read_bytes()[:200]):
        file.write_bytes(content)
        with pytest.raises(SourceError, match=r"Buffy_1\.mat is not a readable \.mat file"):
            converted("oxford", source, tmp_path / "to")
    savemat(file, {"boxes": np.zeros((2, 3))})
    with pytest.raises(SourceError, match=r"Buffy_1\.mat holds no cell array `boxes`"):
        converted("oxford", source, tmp_path / "to")

    lines = write_hand_cnn(tmp_path / "TV-Hand", {"train_IDs_tv.txt": ["1_1.jpg,1,2,3,hand"]})
    with pytest.raises(SourceError, match=r"train_IDs_tv\.txt, line 1: expected a picture, 12 numbers"):
        converted("tv-hand", lines, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_folder_that_holds_something_is_not_written_over(tmp_path: Path) -> None:
    source = write_hand_cnn(tmp_path / "TV-Hand", TV_LINES)
    with pytest.raises(UsageError, match="exists already; name a folder that is to be made"):
        converted("tv-hand", source, source)
    with pytest.raises(UsageError, match="there is no layout 'coco'; choose one of oxford, tv-hand, coco-hand"):
        pictures_in_layout("coco", source)
