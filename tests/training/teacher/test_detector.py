# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SourceError
from tests.training.small_sets import sample_with
from tests.training.teacher.small_models import detector_model
from training.teacher.detector import TeacherDetector, teacher_boxes

WIDTH_PX, HEIGHT_PX = 100, 80
RED = (0, 0, 255)
# Views start here and are 60 x 48 pixels: the four quarters overlap.
CORNERS = [(0, 0), (40, 0), (0, 32), (40, 32)]


def picture(colour: tuple[int, int, int] = RED) -> NDArray[np.uint8]:
    return np.full((HEIGHT_PX, WIDTH_PX, 3), colour, np.uint8)


def by_place(boxes: NDArray[np.float32]) -> list[list[float]]:
    return sorted(np.round(boxes.astype(float), 2).tolist())


def test_boxes_of_the_whole_picture_are_in_its_pixels(tmp_path: Path) -> None:
    teacher = TeacherDetector(detector_model(tmp_path / "t.onnx", [[0.1, 0.25, 0.5, 0.75]], [0.8]))
    boxes, scores = teacher(picture(), tiled=False)
    np.testing.assert_allclose(boxes, [[10, 20, 50, 60]], atol=1e-4)
    assert scores.tolist() == pytest.approx([0.8])


def test_each_quarter_is_looked_at_and_its_boxes_are_moved_there(tmp_path: Path) -> None:
    teacher = TeacherDetector(detector_model(tmp_path / "t.onnx", [[0.4, 0.4, 0.6, 0.6]], [0.8]))
    boxes, _ = teacher(picture(), tiled=True)
    whole = [40.0, 32.0, 60.0, 48.0]
    quarters = [[x + 24.0, y + 19.2, x + 36.0, y + 28.8] for x, y in CORNERS]
    np.testing.assert_allclose(by_place(boxes), sorted([whole, *quarters]), atol=0.01)


def test_a_box_that_ends_where_a_view_was_cut_is_left_to_the_whole_picture(tmp_path: Path) -> None:
    teacher = TeacherDetector(detector_model(tmp_path / "t.onnx", [[0.0, 0.4, 0.2, 0.6]], [0.8]))
    boxes, _ = teacher(picture(), tiled=True)
    # The left side of a view is the picture's own in the whole and in the two left quarters.
    expected = [[0.0, 32.0, 20.0, 48.0], [0.0, 19.2, 12.0, 28.8], [0.0, 32 + 19.2, 12.0, 32 + 28.8]]
    np.testing.assert_allclose(by_place(boxes), sorted(expected), atol=0.01)


def test_the_same_hand_in_two_views_is_one(tmp_path: Path) -> None:
    teacher = TeacherDetector(
        detector_model(tmp_path / "t.onnx", [[0.3, 0.3, 0.6, 0.6], [0.31, 0.3, 0.6, 0.6]], [0.7, 0.9])
    )
    boxes, scores = teacher(picture(), tiled=False)
    np.testing.assert_allclose(boxes, [[31, 24, 60, 48]], atol=1e-4)
    assert scores.tolist() == pytest.approx([0.9])


def test_low_scores_and_boxes_without_extent_are_dropped_and_boxes_end_at_the_view(tmp_path: Path) -> None:
    found = [[0.2, 0.2, 0.5, 0.5], [0.5, 0.5, 0.5, 0.9], [-0.5, 0.6, 0.4, 1.7], [1.2, 0.1, 1.5, 0.4]]
    teacher = TeacherDetector(detector_model(tmp_path / "t.onnx", found, [0.3, 0.9, 0.9, 0.9]))
    boxes, _ = teacher(picture(), tiled=False)
    np.testing.assert_allclose(boxes, [[0, 48, 40, 80]], atol=1e-4)


def test_the_model_sees_red_first(tmp_path: Path) -> None:
    teacher = TeacherDetector(detector_model(tmp_path / "t.onnx", [[0.2, 0.2, 0.5, 0.5]], [0.9]))
    assert len(teacher(picture(RED), tiled=False)[0]) == 1
    assert len(teacher(picture((255, 0, 0)), tiled=False)[0]) == 0


def test_rows_name_the_pictures_with_hands_and_people_are_seen_in_quarters(tmp_path: Path) -> None:
    (tmp_path / "boxes").mkdir()
    names = {"desk.png": RED, "people_a.png": RED, "blue.png": (255, 0, 0)}
    for name, colour in names.items():
        cv2.imwrite(str(tmp_path / "boxes" / name), picture(colour))
    samples = [sample_with(path=tmp_path / "boxes" / name) for name in names]
    teacher = TeacherDetector(detector_model(tmp_path / "t.onnx", [[0.4, 0.4, 0.6, 0.6]], [0.8]))
    rows = teacher_boxes(teacher, samples, tmp_path)
    assert {name: len(found) for name, found in rows.items()} == {"boxes/desk.png": 1, "boxes/people_a.png": 5}
    assert rows["boxes/desk.png"] == [[40.0, 32.0, 60.0, 48.0, 0.8]]


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.onnx is not a file"):
        TeacherDetector(tmp_path / "none.onnx")
    (tmp_path / "t.onnx").write_bytes(b"no model")
    with pytest.raises(SourceError, match=r"t\.onnx is not an ONNX model"):
        TeacherDetector(tmp_path / "t.onnx")
