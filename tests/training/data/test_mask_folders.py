# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from tests.training.small_sets import HEIGHT_PX, WIDTH_PX, picture_with, write_mask_folders
from training.data.mask_folders import mask_from_file, read_mask_folders


def test_hands_are_the_parts_of_a_mask_that_hang_together(tmp_path: Path) -> None:
    write_mask_folders(tmp_path, train=2, test=1)
    samples = read_mask_folders(tmp_path)
    assert [sample.split for sample in samples] == ["train", "train", "test"]
    assert samples[1].boxes_xyxy.tolist() == [[11, 8, 41, 36]]
    assert len({sample.group for sample in samples}) == 3


def test_a_set_without_splits_is_all_for_training_and_a_mask_may_be_smaller(tmp_path: Path) -> None:
    for name in ("img", "masks"):
        (tmp_path / name).mkdir()
    cv2.imwrite(str(tmp_path / "img" / "a.jpg"), picture_with([[10, 8, 42, 38]]))
    mask = np.zeros((HEIGHT_PX // 2, WIDTH_PX // 2, 3), np.uint8)
    mask[4:19, 5:21] = 1, 0, 0
    cv2.imwrite(str(tmp_path / "masks" / "a.jpg.png"), mask)
    (sample,) = read_mask_folders(tmp_path)
    assert sample.split == "train"
    np.testing.assert_allclose(sample.boxes_xyxy, [[10, 8, 42, 38]], atol=1)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda folder: (folder / "train" / "masks" / "0.png").unlink(),
            r"has no mask; expected .*masks/0\.png",
        ),
        (lambda folder: (folder / "train" / "masks" / "0.png").write_bytes(b"no"), "is no picture"),
        (
            lambda folder: cv2.imwrite(str(folder / "train" / "masks" / "0.png"), np.ones((9, 90), np.uint8)),
            "0.png is 90x9, its picture 64x48",
        ),
        (lambda folder: (folder / "train" / "img" / "0.png").unlink(), "holds no pictures"),
    ],
)
def test_sets_that_are_not_whole_are_refused(tmp_path: Path, spoil: Callable[[Path], object], told: str) -> None:
    write_mask_folders(tmp_path, train=1)
    spoil(tmp_path)
    with pytest.raises(SourceError, match=told):
        read_mask_folders(tmp_path)


def test_any_level_but_nought_is_a_hand(tmp_path: Path) -> None:
    mask = np.array([[0, 1, 255]], np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), mask)
    assert mask_from_file(tmp_path / "a.png").tolist() == [[0, 1, 1]]
