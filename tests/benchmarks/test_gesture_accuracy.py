# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.classifier import HandAnswer
from benchmarks.detector import found_from_lists
from benchmarks.gesture_accuracy import measure, stored_scores
from tests.training.small_sets import hagrid_hands, write_hagrid
from training.data.hagrid import read_hagrid
from training.data.sample import FloatArray, HandSample
from training.metrics import Found


class SameAnswer:
    """Says the same of every hand."""

    name = "same"
    settings: Mapping[str, str | float] = {}

    def __init__(self, handedness: str | None) -> None:
        self._answer = HandAnswer("palm", handedness)

    def __call__(self, bgr: npt.NDArray[np.uint8], boxes_xyxy: FloatArray) -> tuple[HandAnswer, ...]:  # noqa: ARG002 - the face of a classifier
        return (self._answer,) * len(boxes_xyxy)


class Blind:
    """Finds no hand."""

    name, min_score = "blind", 0.5
    settings: Mapping[str, str | float] = {}

    def __call__(self, picture: Path) -> Found:  # noqa: ARG002 - the face of a detector
        return found_from_lists([], [])


@pytest.fixture
def samples(tmp_path: Path) -> list[HandSample]:
    hands = {
        "a": hagrid_hands(["palm"]),
        "b": hagrid_hands(["palm", "no_gesture"]),
        "c": hagrid_hands(["palm"], leading_hand="left"),
    }
    return read_hagrid(write_hagrid(tmp_path, "test", "palm", hands), "test")


def test_handedness_counts_the_hands_that_make_the_gesture(samples: list[HandSample]) -> None:
    gesture, side = measure((None, SameAnswer("right")), samples)["annotated boxes"]
    assert gesture.hands == 4
    assert side is not None
    assert (side.hands, side.accuracy, side.larger_share) == (3, pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_a_classifier_without_handedness_stores_none(samples: list[HandSample]) -> None:
    scores = measure((Blind(), SameAnswer(None)), samples)
    assert list(scores) == ["annotated boxes", "cascade"]
    assert all("handedness" not in stored_scores(own) for own in scores.values())
    assert "handedness" in stored_scores(measure((None, SameAnswer("left")), samples)["annotated boxes"])
    assert (scores["cascade"][0].found, scores["cascade"][0].macro_f1) == (0, 0.0)
