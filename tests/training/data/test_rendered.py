# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import OutputError
from tests.training.small_sets import picture_with
from training.data.coco import read_coco
from training.data.rendered import LICENCE, draw_set, rendered_set


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = tmp_path_factory.mktemp("rendered")
    draw_set(drawn, count=2, seed=5, backdrops=())
    return drawn


def test_rendered_scenes_are_a_training_set_with_every_truth(folder: Path) -> None:
    samples = read_coco(folder)
    assert len(samples) == 2
    assert {sample.split for sample in samples} == {"train"}
    assert {sample.licence for sample in samples} == {LICENCE}
    assert len({sample.group for sample in samples}) == 2
    for sample in samples:
        picture = cv2.imread(str(sample.path))
        assert picture is not None
        assert picture.shape == (sample.height_px, sample.width_px, 3)
        assert 1 <= len(sample.boxes_xyxy) <= 3
        limit = [sample.width_px, sample.height_px] * 2
        assert ((sample.boxes_xyxy >= 0) & (sample.boxes_xyxy <= limit)).all()
        assert np.isfinite(sample.keypoints).all()
        assert None not in sample.gestures
        assert set(sample.handedness) <= {"left", "right"}


def test_a_scene_depends_on_the_seed_and_its_number_alone(folder: Path, tmp_path: Path) -> None:
    draw_set(tmp_path / "more", count=3, seed=5, backdrops=())
    draw_set(tmp_path / "other", count=1, seed=6, backdrops=())
    first, more, other = contents(folder), contents(tmp_path / "more"), contents(tmp_path / "other")
    assert {name: more[name] for name in first if name != "annotations.json"} == {
        name: first[name] for name in first if name != "annotations.json"
    }
    assert other["00000.jpg"] != first["00000.jpg"]


def test_interrupted_work_goes_on(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    draw_set(again, count=1, seed=5, backdrops=())
    (again / "annotations.json").unlink()
    draw_set(again, count=2, seed=5, backdrops=())
    expected = read_coco(folder)
    for sample, other in zip(read_coco(again), expected, strict=True):
        np.testing.assert_array_equal(sample.boxes_xyxy, other.boxes_xyxy)


def test_a_drawn_set_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = rendered_set(count=1, seed=5, backdrops=())
    assert first.is_relative_to(tmp_path)
    (first / "00000.jpg").write_bytes(b"kept")
    assert rendered_set(count=1, seed=5, backdrops=()) == first
    assert (first / "00000.jpg").read_bytes() == b"kept"


def test_backdrops_show_behind_the_hands(tmp_path: Path) -> None:
    backdrop = tmp_path / "green.png"
    cv2.imwrite(str(backdrop), np.full_like(picture_with([]), (0, 255, 0)))
    draw_set(tmp_path / "drawn", count=4, seed=1, backdrops=[backdrop])
    green = 0
    for sample in read_coco(tmp_path / "drawn"):
        picture = np.asarray(cv2.imread(str(sample.path)), np.int16)
        green += float((picture[..., 1] > picture[..., [0, 2]].max(2) + 40).mean()) > 0.3
    # Half of the scenes stand before a picture; with this seed neither none nor all of the four do.
    assert 0 < green < 4


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set XDG_CACHE_HOME"):
        rendered_set(count=1, seed=5, backdrops=())
