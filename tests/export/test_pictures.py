# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from export.pictures import picture_from_file, pictures_from_folder, rendered_pictures
from tests.edge.bundles import noisy_picture


def test_pictures_are_picked_evenly_and_unreadable_ones_left_out(tmp_path: Path) -> None:
    for number in range(10):
        cv2.imwrite(str(tmp_path / f"{number}.png"), noisy_picture(20 + number, 20))
    (tmp_path / "0.png").write_bytes(b"broken")
    (tmp_path / "notes.txt").write_text("not a picture")
    found = pictures_from_folder(tmp_path, most=4)
    assert [one.picture.shape[1] for one in found] == [23, 26, 29]
    assert found[0].boxes_xyxy == ((0, 0, 23, 20),)


def test_half_a_picture_is_none(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "whole.jpg"), noisy_picture(200, 200))
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(content[: len(content) // 2])
    assert len(pictures_from_folder(tmp_path, most=4)) == 1
    with pytest.raises(SourceError, match=r"half\.jpg is truncated"):
        picture_from_file(tmp_path / "half.jpg")


def test_a_folder_without_pictures_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no readable picture"):
        pictures_from_folder(tmp_path, most=4)
    with pytest.raises(SourceError, match=r"none\.png cannot be read"):
        picture_from_file(tmp_path / "none.png")


def test_rendered_pictures_are_the_same_every_time_and_show_hands() -> None:
    first, again = (rendered_pictures(width_px=160, height_px=120, most=2) for _ in range(2))
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.picture, same.picture)
        assert one.boxes_xyxy == same.boxes_xyxy
    assert not np.array_equal(first[0].picture, first[1].picture)
