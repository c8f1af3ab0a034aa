# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SourceError, UsageError
from tests.training.small_visor import HEIGHT_PX, WIDTH_PX, write_visor
from training.convert.visor import convert_visor
from training.data.mask_folders import mask_from_file, read_mask_folders

# A polygon's border is drawn too.
BORDER_PX = 1


def wanted_mask(*, objects: bool) -> NDArray[np.uint8]:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    mask[20:60, 20:60] = 1
    mask[30:40, 30:40] = 0
    mask[70:80, 100:110] = 1
    if objects:
        mask[20:60, 60:90] = 1
    return mask


@pytest.mark.parametrize("objects", [False, True])
@pytest.mark.parametrize("copy", [False, True])
def test_masks_show_hands_and_on_demand_what_they_touch(tmp_path: Path, objects: bool, copy: bool) -> None:
    source = write_visor(tmp_path / "visor")
    done = convert_visor(source, tmp_path / "set", objects=objects, copy=copy)
    assert (done.pictures, done.hands, len(done.skipped)) == (1, 2, 1)
    picture = tmp_path / "set" / "train" / "img" / "P01_01_frame_0000000140.jpg"
    assert picture.is_symlink() != copy
    mask = mask_from_file(tmp_path / "set" / "train" / "masks" / "P01_01_frame_0000000140.png")
    kernel = np.ones((2 * BORDER_PX + 1,) * 2, np.uint8)
    sure = cv2.morphologyEx(wanted_mask(objects=objects), cv2.MORPH_GRADIENT, kernel) == 0
    assert (mask == wanted_mask(objects=objects))[sure].all()
    (sample,) = read_mask_folders(tmp_path / "set")
    assert sample.split == "train"
    assert len(sample.boxes_xyxy) == 2


def test_interpolated_polygons_have_another_size(tmp_path: Path) -> None:
    source = write_visor(tmp_path / "visor", stem="P01_01_interpolations", scale=854 / WIDTH_PX)
    convert_visor(source, tmp_path / "set", objects=False, copy=False)
    (path,) = (tmp_path / "set" / "train" / "masks").iterdir()
    rows, columns = np.nonzero(mask_from_file(path)[:, :70])
    assert columns.max() == pytest.approx(60, abs=1.5)
    assert rows.max() == pytest.approx(60, abs=1.5)


@pytest.mark.parametrize("copy", [False, True])
def test_a_picture_named_again_keeps_the_mask_that_people_drew(tmp_path: Path, copy: bool) -> None:
    source = write_visor(tmp_path / "visor")
    convert_visor(source, tmp_path / "sparse", objects=False, copy=copy)
    sparse = source / "annotations" / "train" / "P01_01.json"
    # Read in the pixels of interpolations, the same polygons give another mask; its folder sorts first.
    dense = source / "annotations" / "dense" / "train" / "P01_01_interpolations.json"
    dense.parent.mkdir(parents=True)
    dense.write_bytes(sparse.read_bytes())
    done = convert_visor(source, tmp_path / "both", objects=False, copy=copy)
    assert (done.pictures, done.hands, len(done.skipped)) == (1, 2, 3)
    assert "P01_01_frame_0000000140.jpg: P01_01_interpolations.json names it again" in done.skipped
    (mask,) = (tmp_path / "both" / "train" / "masks").iterdir()
    assert mask.read_bytes() == (tmp_path / "sparse" / "train" / "masks" / mask.name).read_bytes()


def test_what_is_not_visor_is_refused_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not VISOR"):
        convert_visor(tmp_path, tmp_path / "set", objects=False, copy=False)
    source = write_visor(tmp_path / "visor")
    for picture in (source / "rgb_frames").rglob("*.jpg"):
        picture.unlink()
    with pytest.raises(SourceError, match="holds no picture that its annotations name"):
        convert_visor(source, tmp_path / "set", objects=False, copy=False)
    (source / "annotations" / "train" / "P01_01.json").write_text('{"video_annotations": [{}]}')
    with pytest.raises(SourceError, match="is no file of VISOR"):
        convert_visor(source, tmp_path / "set", objects=False, copy=False)
    assert [path.name for path in tmp_path.iterdir()] == ["visor"]
    with pytest.raises(UsageError, match="exists already"):
        convert_visor(source, source, objects=False, copy=False)
