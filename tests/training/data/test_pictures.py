# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.errors import SourceError
from tests.training.small_sets import picture_with
from training.data.pictures import PictureStore, picture_size
from training.data.without_hands import read_without_hands


def test_pictures_are_kept_once_and_as_they_are(tmp_path: Path) -> None:
    path, grey = tmp_path / "a.png", tmp_path / "b.png"
    cv2.imwrite(str(path), picture_with([[3, 4, 20, 30]]))
    cv2.imwrite(str(grey), np.full((5, 7), 9, np.uint8))
    store = PictureStore([path, grey, path])
    assert len(store) == 2
    np.testing.assert_array_equal(store[path], picture_with([[3, 4, 20, 30]]))
    assert store[grey].shape == (5, 7, 3)


def test_what_does_not_fit_in_the_memory_is_decoded_when_it_is_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((5, 7, 3), number, np.uint8))
    store = PictureStore(paths, most_bytes=5 * 7 * 3)
    assert store[paths[0]] is store[paths[0]]
    assert store[paths[1]] is not store[paths[1]]
    assert [int(store[path].max()) for path in paths] == [0, 1, 2]
    assert len(store) == 3
    with pytest.raises(KeyError):
        store[tmp_path / "d.png"]


def test_the_size_of_a_picture_is_that_of_its_pixels_also_when_it_is_turned(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    picture = Image.new("RGB", (40, 30))
    for orientation in (1, 3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture.save(path, exif=exif)
        height_px, width_px = PictureStore([path])[path].shape[:2]
        assert picture_size(path) == (width_px, height_px)
    for content in (b"", b"no picture"):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=r"a\.jpg cannot be read"):
            picture_size(path)


def test_a_missing_or_cut_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.png"):
        PictureStore([tmp_path / "none.png"])
    _, encoded = cv2.imencode(".jpg", picture_with([]))
    (tmp_path / "cut.jpg").write_bytes(encoded.tobytes()[:-20])
    with pytest.raises(SourceError, match=r"cut\.jpg is truncated"):
        PictureStore([tmp_path / "cut.jpg"])


def test_a_folder_without_hands_is_read_in_order_with_the_folders_within(tmp_path: Path) -> None:
    (tmp_path / "desks" / "old").mkdir(parents=True)
    for name in ("b.png", "a.JPG", "old/c.jpeg"):
        cv2.imwrite(str(tmp_path / "desks" / name), picture_with([]))
    (tmp_path / "desks" / "notes.txt").write_text("no picture", encoding="utf-8")
    samples = read_without_hands(tmp_path / "desks", licence="MIT")
    assert [sample.path.name for sample in samples] == ["a.JPG", "b.png", "c.jpeg"]
    assert {(sample.dataset, sample.split, sample.licence) for sample in samples} == {("desks", "train", "MIT")}
    assert len({sample.group for sample in samples}) == 3
    assert all((sample.width_px, sample.height_px) == (64, 48) for sample in samples)
    assert all(len(sample.boxes_xyxy) == 0 for sample in samples)
