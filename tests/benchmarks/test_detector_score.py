# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.detector import found_from_lists
from benchmarks.detector_score import EXTENTS, detector_score
from training.data.sample import HandSample
from training.metrics import Found

SIDE_PX = 1000


def sample_from_boxes(boxes: list[list[float]], ignored: list[bool]) -> HandSample:
    count = len(boxes)
    return HandSample(
        path=Path("picture.jpg"),
        dataset="set",
        licence="CC0",
        split="test",
        group="scene",
        width_px=SIDE_PX,
        height_px=SIDE_PX,
        boxes_xyxy=np.array(boxes, np.float32).reshape(count, 4),
        ignored=np.array(ignored, np.bool_),
        keypoints=np.full((count, 21, 2), np.nan, np.float32),
        gestures=(None,) * count,
        handedness=(None,) * count,
        outlines=(None,) * count,
    )


def square(x: float, y: float, side: float) -> list[float]:
    return [x, y, x + side, y + side]


SMALL, LARGE, REGION = square(10, 10, 50), square(400, 400, 400), square(100, 700, 200)


@pytest.fixture
def scene() -> HandSample:
    return sample_from_boxes([SMALL, LARGE, REGION], [False, False, True])


def test_perfect_detections_score_one(scene: HandSample) -> None:
    score = detector_score([scene], [found_from_lists([SMALL, LARGE], [0.9, 0.8])], min_score=0.5)
    assert (score.hands, score.ap, score.ap50, score.recall, score.precision) == (2, *[pytest.approx(1.0)] * 4)


def test_detections_on_an_ignored_region_count_neither_way(scene: HandSample) -> None:
    inside = square(120, 720, 80)
    score = detector_score([scene], [found_from_lists([SMALL, LARGE, inside], [0.7, 0.6, 0.9])], min_score=0.5)
    assert (score.ap50, score.recall, score.precision) == (pytest.approx(1.0), 1.0, 1.0)


def test_a_second_box_on_a_hand_is_a_mistake(scene: HandSample) -> None:
    score = detector_score([scene], [found_from_lists([SMALL, LARGE, LARGE], [0.9, 0.8, 0.7])], min_score=0.5)
    assert (score.recall, score.precision) == (1.0, pytest.approx(2 / 3))


def test_recall_and_precision_are_those_at_the_threshold(scene: HandSample) -> None:
    score = detector_score([scene], [found_from_lists([SMALL, LARGE], [0.9, 0.3])], min_score=0.5)
    assert (score.recall, score.precision, score.ap50) == (0.5, 1.0, pytest.approx(1.0))


def test_recall_is_told_apart_by_extent(scene: HandSample) -> None:
    score = detector_score([scene], [found_from_lists([LARGE], [0.9])], min_score=0.5)
    assert score.recall_by_extent == {"small": (1, 0.0), "medium": (0, 0.0), "large": (1, 1.0)}


def test_pictures_without_hands_lower_precision_only(scene: HandSample) -> None:
    found = [found_from_lists([SMALL, LARGE], [0.9, 0.8]), found_from_lists([SMALL], [0.9])]
    score = detector_score([scene, sample_from_boxes([], [])], found, min_score=0.5)
    assert (score.recall, score.precision) == (1.0, pytest.approx(2 / 3))


def test_no_detection_at_all_scores_zero(scene: HandSample) -> None:
    score = detector_score([scene], [found_from_lists([], [])], min_score=0.5)
    assert (score.ap50, score.recall, score.precision) == (0.0, 0.0, 0.0)


@given(seed=st.integers(0, 2**32 - 1), hands=st.integers(1, 8), guesses=st.integers(0, 12))
def test_rates_are_rates_and_extents_share_out_the_hands(seed: int, hands: int, guesses: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = [square(rng.uniform(0, 500), rng.uniform(0, 500), rng.uniform(5, 500)) for _ in range(hands)]
    corners = rng.uniform(0, 500, (guesses, 2))
    found = Found(
        np.hstack([corners, corners + rng.uniform(5, 500, (guesses, 2))]).astype(np.float32),
        rng.uniform(0, 1, guesses).astype(np.float32),
    )
    score = detector_score([sample_from_boxes(boxes, [False] * hands)], [found], min_score=0.5)
    assert all(0 <= rate <= 1 for rate in (score.ap, score.ap50, score.recall, score.precision))
    assert score.ap <= score.ap50
    assert sum(count for count, _ in score.recall_by_extent.values()) == score.hands == hands
    assert set(score.recall_by_extent) == set(EXTENTS)
