# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import measure, read_sets
from benchmarks.peers.bundle_cascade import BundleCascade
from benchmarks.peers.bundle_detector import BundleDetector
from benchmarks.peers.hagrid_classifier import HagridClassifier, hagrid_v1_name
from benchmarks.peers.hagrid_detector import HagridDetector
from benchmarks.peers.mediapipe_hands import BOX_MARGIN, MediaPipeHands, box_around
from edge.errors import DependencyError, SourceError
from edge.sources.picture import pixels_from_file
from training.data.coco import read_coco
from training.data.hagrid_gestures import HAGRID_V1_GESTURES
from training.metrics import Wanted, recall_precision
from training.teacher.classifier import CLASSES

# What the published models reach on these pictures, less a margin for another ONNX Runtime or OpenCV.
MIN_RECALL, MIN_GESTURES_RIGHT = 0.6, 0.75


@pytest.fixture(scope="module")
def foreign_dir(data_dir: Path) -> Path:
    folder = data_dir.parent / "foreign"
    if not folder.is_dir():
        pytest.skip(f"the published models of HaGRID's authors are not at {folder}")
    return folder


def test_box_around_points_has_a_margin_and_stays_in_the_picture() -> None:
    points = np.array([[10, 50], [110, 70]], np.float32)
    margin = BOX_MARGIN * 100
    expected = [10 - margin, 50 - margin, 110 + margin, 70 + margin]
    assert box_around(points, np.array([500, 500], np.float32)) == pytest.approx(expected)
    assert box_around(points, np.array([112, 75], np.float32)) == pytest.approx([0, 40, 112, 75])


def test_an_interpreter_without_mediapipe_is_named_with_the_remedy() -> None:
    with pytest.raises(DependencyError, match="-m pip install mediapipe"):
        MediaPipeHands(Path(sys.executable))


def test_every_gesture_of_hagrid_v1_is_a_class_of_the_classifier() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 45
    assert {hagrid_v1_name(name) for name in CLASSES} == set(HAGRID_V1_GESTURES)


def test_hagrid_detector_finds_hands(foreign_dir: Path, data_dir: Path) -> None:
    detector = HagridDetector(foreign_dir / "hand_detector.onnx")
    samples = [sample for sample in read_coco(data_dir / "boxes" / "subhi_hands") if sample.split == "test"][:40]
    found = [detector(sample.path) for sample in samples]
    wanted = [Wanted(sample.boxes_xyxy, sample.ignored) for sample in samples]
    assert recall_precision(found, wanted, detector.min_score)["recall"] > MIN_RECALL
    assert min(one.scores.min(initial=1.0) for one in found) < detector.min_score


def test_a_second_look_that_is_not_trusted_takes_no_hand_away(data_dir: Path) -> None:
    cascade, detector = BundleCascade("hand-detector", "gesture-classifier"), BundleDetector("hand-detector")
    samples = [sample for sample in read_coco(data_dir / "boxes" / "people_vlad") if sample.split == "test"]
    for sample in samples:
        together, alone = cascade(sample.path), detector(sample.path)
        assert len(alone.scores) > 0
        sure = alone.scores >= detector.min_score
        np.testing.assert_array_equal(together.boxes_xyxy, alone.boxes_xyxy[sure])
        np.testing.assert_array_equal(together.scores, alone.scores[sure])


def test_hagrid_classifier_names_gestures(foreign_dir: Path, data_dir: Path) -> None:
    classifier = HagridClassifier(foreign_dir / "crops_classifier.onnx")
    samples = [sample for sample in read_coco(data_dir / "boxes" / "emrecan_gestures") if sample.split == "test"][::8]
    right = [
        gesture == answer.gesture
        for sample in samples
        for gesture, answer in zip(
            sample.gestures, classifier(pixels_from_file(sample.path), sample.boxes_xyxy), strict=True
        )
    ]
    assert np.mean(right) > MIN_GESTURES_RIGHT


def test_a_folder_without_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected \*/annotations.json"):
        read_sets(tmp_path, "test")


def test_groups_are_measured_beside_the_sets(foreign_dir: Path, data_dir: Path) -> None:
    sets = {name: samples[:5] for name, samples in read_sets(data_dir / "boxes", "test").items() if "u" in name}
    scores = measure(HagridDetector(foreign_dir / "hand_detector.onnx"), sets)
    people = sum(scores[name].hands for name in sets if name.startswith("people_"))
    assert scores["group:people"].hands == people > 0
    assert scores["group:hands"].hands + people == sum(scores[name].hands for name in sets)
