# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.coverage import coverage_of
from calibration.picture_split import picked, split_from_folder
from calibration.pictures import LabelledPicture, labelled, rendered, unlabelled
from edge.errors import SourceError
from tests.edge.bundles import noisy_picture

BOX = (10.0, 10.0, 60.0, 60.0)


def shown(pixels: NDArray[np.uint8]) -> LabelledPicture:
    return LabelledPicture(pixels, unlabelled(Path("p"), pixels.shape[1], pixels.shape[0]))


def test_pictures_of_a_folder_are_split_and_none_is_on_both_sides(tmp_path: Path) -> None:
    for number in range(40):
        cv2.imwrite(str(tmp_path / f"{number}.png"), noisy_picture(40, 30, seed=number))
    split = split_from_folder(tmp_path)
    assert len(split.calibration) + len(split.held_out) == 40
    assert min(len(split.calibration), len(split.held_out)) >= 4
    assert not {one.path for one in split.calibration} & {one.path for one in split.held_out}
    assert [one.path for one in split.held_out] == [one.path for one in split_from_folder(tmp_path).held_out]


def test_annotated_sets_keep_their_test_pictures_and_no_group_is_on_both_sides(data_dir: Path) -> None:
    split = split_from_folder(data_dir / "boxes" / "hands_obb")
    groups = [{(one.dataset, one.group) for one in side} for side in (split.calibration, split.held_out)]
    assert not groups[0] & groups[1]
    assert {one.split for one in split.held_out} == {"test"}
    assert len(labelled(picked(split.held_out, 5))) == 5


def test_every_set_has_its_share_of_what_is_picked() -> None:
    sizes = {"small": 3, "middle": 20, "large": 500}
    samples = [
        unlabelled(Path(f"{name}-{number}"), 8, 8, dataset=name)
        for name, size in sizes.items()
        for number in range(size)
    ]
    counts = Counter(sample.dataset for sample in picked(samples, 43))
    assert counts == {"small": 3, "middle": 20, "large": 20}
    assert len(picked(samples, 10_000)) == 523


@pytest.mark.parametrize("content", ["nothing", "one", "missing"])
def test_too_little_to_split_is_refused(tmp_path: Path, content: str) -> None:
    if content == "one":
        cv2.imwrite(str(tmp_path / "a.png"), noisy_picture(40, 30))
    with pytest.raises(SourceError, match="is not a folder" if content == "missing" else "to calibrate on"):
        split_from_folder(tmp_path / "nowhere" if content == "missing" else tmp_path)


def test_pictures_that_cannot_be_read_are_left_out_unless_none_can() -> None:
    with pytest.raises(SourceError, match="none of the pictures can be read"):
        labelled([unlabelled(Path("nowhere.png"), 8, 8)])


def test_noise_and_emptiness_are_no_data() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    for pixels in (noise, np.zeros((120, 160, 3), np.uint8), np.full((9, 9, 3), 200, np.uint8)):
        with pytest.raises(SourceError, match="noise or show nothing"):
            coverage_of([shown(pixels)] * 3, [[]] * 3)
    with pytest.raises(SourceError, match="noise or show nothing"):
        coverage_of([], [])


def test_a_narrow_set_is_warned_about_and_a_wide_one_is_not() -> None:
    dim = [shown(noisy_picture(200, 150, seed=seed) // 3) for seed in range(4)]
    narrow = coverage_of(dim, [[BOX]] * 4)
    assert narrow.hands == narrow.extents["large"] + narrow.extents["medium"] == 4
    told = " ".join(narrow.warnings)
    for words in ("only 4 pictures", "equally bright", "other sizes"):
        assert words in told
    levels = np.linspace(0.1, 1, 40)
    wide = [shown((noisy_picture(200, 150, seed=n) * level).astype(np.uint8)) for n, level in enumerate(levels)]
    boxes = [[(0.0, 0.0, size, size)] for size in np.resize([10.0, 30.0, 90.0], 40)]
    assert not [words for words in coverage_of(wide, boxes).warnings if "tone" not in words]


def test_rendered_scenes_know_their_hands() -> None:
    scenes = rendered(2)
    assert sum(len(scene.sample.boxes_xyxy) for scene in scenes) > 0
    assert all(name for scene in scenes for name in scene.sample.gestures)
