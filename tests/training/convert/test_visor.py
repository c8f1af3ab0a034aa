# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SourceError, UsageError
from training.convert.visor import convert_visor
from training.data.mask_folders import mask_from_file, read_mask_folders

WIDTH_PX, HEIGHT_PX = 192, 108
# A polygon's border is drawn too.
BORDER_PX = 1


def square(x1: float, y1: float, x2: float, y2: float) -> list[list[float]]:
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def annotation(number: int, class_id: int, *segments: list[list[float]], **fields: Any) -> dict[str, Any]:
    return {"id": f"id{number}", "class_id": class_id, "name": "any", "segments": list(segments), **fields}


def write_visor(source: Path, *, stem: str = "P01_01", scale: float = 10) -> Path:
    """Write a frame with a hand that has a hole and touches a cup, and a plate that nobody touches."""
    hole = square(30 * scale, 30 * scale, 40 * scale, 40 * scale)
    annotations = [
        annotation(1, 300, square(20 * scale, 20 * scale, 60 * scale, 60 * scale), hole, in_contact_object="id2"),
        annotation(2, 13, square(60 * scale, 20 * scale, 90 * scale, 60 * scale)),
        annotation(3, 2, square(120 * scale, 20 * scale, 150 * scale, 60 * scale)),
        annotation(
            4, 301, square(100 * scale, 70 * scale, 110 * scale, 80 * scale), in_contact_object="hand-not-in-contact"
        ),
    ]
    names = [f"{stem}_frame_0000000140.jpg", f"{stem}_frame_0000000999.jpg"]
    frames = [{"image": {"name": name, "video": stem}, "annotations": annotations} for name in names]
    (source / "annotations" / "train").mkdir(parents=True)
    (source / "annotations" / "train" / f"{stem}.json").write_text(
        json.dumps({"info": {}, "video_annotations": frames})
    )
    (source / "rgb_frames" / stem).mkdir(parents=True)
    cv2.imwrite(str(source / "rgb_frames" / stem / names[0]), np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8))
    return source


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
