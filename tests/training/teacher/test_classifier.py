# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SourceError, UsageError
from tests.training.teacher.small_models import classifier_model
from training.data.hagrid_gestures import HAGRID_V1_GESTURES
from training.teacher.classifier import CLASSES, TeacherClassifier, square_crop_of

CERTAIN = 20.0
BOX = np.array([10, 10, 50, 40], np.float32)


def logits(**of_names: float) -> NDArray[np.float32]:
    return np.array([of_names.get(name, 0.0) for name in CLASSES], np.float32)


def picture(width: int = 80, height: int = 60) -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)


def teacher(
    path: Path, answers: NDArray[np.float32], gestures: tuple[str, ...] = HAGRID_V1_GESTURES
) -> TeacherClassifier:
    return TeacherClassifier(classifier_model(path / "t.onnx", answers), gestures)


def test_every_gesture_of_ours_but_none_is_one_of_the_teachers() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 45
    assert set(HAGRID_V1_GESTURES) - set(CLASSES) == {"no_gesture"}


@pytest.mark.parametrize("name", ["call", "two_up_inverted", "stop"])
def test_a_name_of_ours_keeps_its_probability(tmp_path: Path, name: str) -> None:
    answer = teacher(tmp_path, logits(**{name: CERTAIN})).answer(picture(), BOX)
    assert answer.shape == (19,)
    assert answer[HAGRID_V1_GESTURES.index(name)] == pytest.approx(1.0, abs=1e-6)


def test_what_has_no_name_of_ours_adds_up_to_no_gesture(tmp_path: Path) -> None:
    answer = teacher(tmp_path, logits()).answer(picture(), BOX)
    assert answer.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(answer[:-1], 1 / 45, rtol=1e-5)
    assert answer[-1] == pytest.approx(27 / 45, rel=1e-5)


def test_fewer_gestures_leave_more_to_no_gesture(tmp_path: Path) -> None:
    answer = teacher(tmp_path, logits(call=CERTAIN), ("fist", "no_gesture")).answer(picture(), BOX)
    np.testing.assert_allclose(answer, [0, 1], atol=1e-6)


def test_a_mirrored_hand_has_the_same_answer(tmp_path: Path) -> None:
    model = classifier_model(tmp_path / "t.onnx", logits(), of_left_red=logits(fist=3.0))
    asked = TeacherClassifier(model, HAGRID_V1_GESTURES)
    shown = picture()
    shown[:, :30] = (0, 0, 255)
    mirrored = np.ascontiguousarray(shown[:, ::-1])
    box = np.array([80 - 50, 10, 80 - 10, 40], np.float32)
    np.testing.assert_allclose(asked.answer(shown, BOX), asked.answer(mirrored, box), atol=1e-3)
    left, right = asked([shown, mirrored])
    fist = HAGRID_V1_GESTURES.index("fist")
    assert left[fist] > 2 * right[fist]


def test_gestures_without_no_gesture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs the gesture 'no_gesture'"):
        teacher(tmp_path, logits(), ("fist", "palm"))


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.onnx is not a file"):
        TeacherClassifier(tmp_path / "none.onnx", HAGRID_V1_GESTURES)


def test_a_crop_is_the_square_about_the_box() -> None:
    shown = picture()
    np.testing.assert_array_equal(square_crop_of(shown, BOX, 0.0), shown[5:45, 10:50])
    np.testing.assert_array_equal(square_crop_of(shown, BOX, 0.1), shown[1:49, 6:54])


@pytest.mark.parametrize("box", [(-20, -20, 10, 10), (70, 50, 100, 90), (79, 59, 80, 60), (30, 20, 30, 20)])
def test_a_crop_ends_at_the_picture_and_is_never_empty(box: tuple[float, ...]) -> None:
    crop = square_crop_of(picture(), np.array(box, np.float32), 0.1)
    assert min(crop.shape[:2]) >= 1
    assert crop.shape[0] <= 60
    assert crop.shape[1] <= 80
