# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.sources.picture import Reduction, pixels_from_file
from tests.training.small_sets import picture_with, sample_with, spread_keypoints
from training.data.pictures import glance_at
from training.data.reduction import reduced, store_of

BOX = (512, 256, 896, 640)
WIDTH_PX, HEIGHT_PX = 1601, 1203


@pytest.mark.parametrize(
    ("longest_px", "hand_px", "reduction"),
    [(1601, 0, 1), (800, 0, 2), (801, 0, 1), (400, 0, 4), (100, 0, 8), (100, 192, 2), (100, 193, 1)],
)
def test_a_picture_is_reduced_as_far_as_enough_is_left_of_it_and_its_hands(
    longest_px: float, hand_px: float, reduction: Reduction
) -> None:
    sample = sample_with([BOX, (0, 0, 9, 9)], width_px=WIDTH_PX, height_px=HEIGHT_PX, ignored=np.array([False, True]))
    (own,) = reduced([sample], longest_px=longest_px, hand_px=hand_px)
    assert own.reduction == reduction
    assert (own is sample) == (reduction == 1)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("longest_px", [800.0, 400.0, 200.0])
def test_a_reduced_sample_lies_where_its_hand_is_in_the_reduced_picture(
    tmp_path: Path, suffix: str, longest_px: float
) -> None:
    path = tmp_path / f"photograph{suffix}"
    cv2.imwrite(str(path), picture_with([BOX], width_px=WIDTH_PX, height_px=HEIGHT_PX))
    points = spread_keypoints(BOX)
    outline = np.array([[BOX[0], BOX[1]], [BOX[2], BOX[1]], [BOX[2], BOX[3]]], np.float32)
    whole = sample_with(
        [BOX], path=path, width_px=WIDTH_PX, height_px=HEIGHT_PX, keypoints=points[None], outlines=(outline,)
    )
    (own,) = reduced([whole], longest_px=longest_px)
    picture = store_of([own])[path]
    assert abs(picture.shape[1] - own.width_px) <= 1
    assert abs(picture.shape[0] - own.height_px) <= 1
    rows, columns = np.nonzero(picture[..., 2] > 160)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(own.boxes_xyxy[0], seen, atol=1.5)
    np.testing.assert_allclose(own.keypoints[0], points / own.reduction)
    assert own.outlines[0] is not None
    np.testing.assert_allclose(own.outlines[0], outline / own.reduction)


def test_samples_of_one_picture_are_reduced_alike() -> None:
    large = sample_with([BOX], width_px=WIDTH_PX, height_px=HEIGHT_PX)
    small = replace(large, boxes_xyxy=np.array([[0, 0, 60, 60]], np.float32))
    assert [own.reduction for own in reduced([large, small], longest_px=100, hand_px=40)] == [1, 1]


def test_a_glance_tells_the_full_upright_size(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    cv2.imwrite(str(path), picture_with([], width_px=WIDTH_PX, height_px=HEIGHT_PX))
    # An EXIF block that asks for a quarter turn, right behind the start of the image.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    content = path.read_bytes()
    turned = content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + content[2:]
    glance = glance_at(path)
    assert (glance.width_px, glance.height_px) == (WIDTH_PX, HEIGHT_PX)
    assert max(glance.pixels.shape) < WIDTH_PX / 7
    path.write_bytes(turned)
    glance = glance_at(path)
    assert (glance.width_px, glance.height_px) == pixels_from_file(path).shape[1::-1] == (HEIGHT_PX, WIDTH_PX)
    path.write_bytes(content[:-50])
    with pytest.raises(SourceError, match="truncated"):
        glance_at(path)
