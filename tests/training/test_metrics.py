# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from edge.geometry import iou_matrix
from training.metrics import (
    Found,
    Wanted,
    average_precision,
    confusion,
    detection_figures,
    macro_f1,
    recall_precision,
)

HAND, OTHER, ELSEWHERE = (10, 10, 30, 40), (50, 10, 70, 40), (80, 50, 95, 70)
RECALL_LEVELS = np.linspace(0, 1, 101)


def found(*boxes_and_scores: tuple[ArrayLike, float]) -> Found:
    boxes = np.array([box for box, _ in boxes_and_scores], np.float32).reshape(-1, 4)
    return Found(boxes, np.array([score for _, score in boxes_and_scores], np.float32))


def wanted(*boxes: ArrayLike, ignored: ArrayLike = ()) -> Wanted:
    regions = np.asarray(ignored, np.float32).reshape(-1, 4)
    whole = np.concatenate([np.array(boxes, np.float32).reshape(-1, 4), regions])
    return Wanted(whole, np.arange(len(whole)) >= len(boxes))


def test_perfect_boxes_have_a_precision_of_one() -> None:
    figures = average_precision([found((HAND, 0.9)), found((OTHER, 0.3))], [wanted(HAND), wanted(OTHER)])
    assert figures == pytest.approx({"ap": 1.0, "ap50": 1.0})


def test_a_missed_hand_ends_the_curve_at_its_recall() -> None:
    # Precision is 1 at the 51 recall levels from 0 to 0.5 and 0 beyond.
    figures = average_precision([found((HAND, 0.9))], [wanted(HAND, OTHER)])
    assert figures == pytest.approx({"ap": 51 / 101, "ap50": 51 / 101})


def test_a_better_scored_mistake_halves_the_precision() -> None:
    figures = average_precision([found((ELSEWHERE, 0.9), (HAND, 0.8))], [wanted(HAND)])
    assert figures == pytest.approx({"ap": 0.5, "ap50": 0.5})
    after = average_precision([found((HAND, 0.9), (ELSEWHERE, 0.8))], [wanted(HAND)])
    assert after == pytest.approx({"ap": 1.0, "ap50": 1.0})


def test_a_loose_box_counts_up_to_its_overlap() -> None:
    # Overlap 0.77 passes the thresholds 0.50, 0.55, ... 0.75: six of ten.
    figures = average_precision([found(((0, 0, 77, 50), 0.9))], [wanted((0, 0, 100, 50))])
    assert figures == pytest.approx({"ap": 0.6, "ap50": 1.0})


def test_a_second_box_on_one_hand_is_a_mistake() -> None:
    figures = average_precision([found((HAND, 0.9), (HAND, 0.8), (OTHER, 0.7))], [wanted(HAND, OTHER)])
    # Precision 1 up to recall 0.5 (51 levels), then two of three.
    assert figures["ap50"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_boxes_in_an_ignored_region_are_neither_hits_nor_mistakes() -> None:
    region = (40, 0, 90, 90)
    inside = [((45, 5, 60, 30), 0.95), ((60, 40, 85, 80), 0.94), ((46, 6, 61, 31), 0.93)]
    figures = average_precision([found(*inside, (HAND, 0.5))], [wanted(HAND, ignored=[region])])
    assert figures == pytest.approx({"ap": 1.0, "ap50": 1.0})


@pytest.mark.parametrize(
    ("guesses", "truth"),
    [(found(), wanted(HAND)), (found((HAND, 0.9)), wanted()), (found((HAND, 0.9)), wanted(ignored=[HAND]))],
)
def test_without_boxes_or_hands_the_precision_is_zero(guesses: Found, truth: Wanted) -> None:
    assert average_precision([guesses], [truth]) == {"ap": 0.0, "ap50": 0.0}


def plain_average_precision(guesses: list[Found], truths: list[Wanted], threshold: float) -> float:
    """COCO's definition, written down plainly: greedy matching by score, crowds last, 101 levels of recall."""
    rows: list[tuple[float, bool]] = []
    for own, truth in zip(guesses, truths, strict=True):
        hands, regions = truth.boxes_xyxy[~truth.ignored], truth.boxes_xyxy[truth.ignored]
        taken = np.zeros(len(hands), np.bool_)
        for index in np.argsort(-own.scores, kind="stable"):
            box = own.boxes_xyxy[index : index + 1]
            overlap = np.where(taken, -1.0, iou_matrix(box, hands)[0]) if len(hands) else np.zeros(0)
            if len(hands) and overlap.max() >= threshold:
                taken[int(overlap.argmax())] = True
                rows.append((float(own.scores[index]), True))
            elif not any(share_within(box[0], region) >= threshold for region in regions):
                rows.append((float(own.scores[index]), False))
    rows.sort(key=lambda row: -row[0])
    hits = np.cumsum([hit for _, hit in rows])
    recall = hits / sum(int((~truth.ignored).sum()) for truth in truths)
    precision = np.maximum.accumulate((hits / np.arange(1, len(rows) + 1))[::-1])[::-1]
    places = np.searchsorted(recall, RECALL_LEVELS, side="left")
    return float(np.mean([precision[place] if place < len(rows) else 0.0 for place in places]))


def share_within(box: NDArray[np.float32], region: NDArray[np.float32]) -> float:
    sides = np.clip(np.minimum(box[2:], region[2:]) - np.maximum(box[:2], region[:2]), 0, None)
    return float(sides.prod() / (box[2:] - box[:2]).prod())


@pytest.mark.parametrize("seed", range(5))
def test_the_average_precision_is_that_of_cocos_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    guesses, truths = [], []
    for _ in range(12):
        corners = rng.uniform(0, 200, (int(rng.integers(1, 5)), 2))
        boxes = np.concatenate([corners, corners + rng.uniform(15, 60, corners.shape)], axis=1).astype(np.float32)
        flags = rng.random(len(boxes)) < 0.25
        moved = boxes + rng.normal(0, 4, boxes.shape)
        spare = np.array([[5, 5, 30, 30]]) + rng.uniform(0, 150)
        every = np.concatenate([moved, spare]).astype(np.float32)
        guesses.append(Found(every, rng.random(len(every), np.float32)))
        truths.append(Wanted(boxes, flags))
    thresholds = np.arange(0.5, 0.96, 0.05)
    plain = [plain_average_precision(guesses, truths, threshold) for threshold in thresholds]
    figures = average_precision(guesses, truths)
    assert figures == pytest.approx({"ap": float(np.mean(plain)), "ap50": plain[0]}, abs=1e-6)


def test_recall_and_precision_are_those_at_the_threshold() -> None:
    guesses = [found((HAND, 0.9), (ELSEWHERE, 0.6), (OTHER, 0.3))]
    truth = [wanted(HAND, OTHER)]
    assert recall_precision(guesses, truth, 0.5) == {"recall": 0.5, "precision": 0.5, "hands": 2.0}
    assert recall_precision(guesses, truth, 0.2) == pytest.approx({"recall": 1.0, "precision": 2 / 3, "hands": 2.0})


def test_each_hand_is_found_once_and_the_best_score_comes_first() -> None:
    near = (12, 12, 32, 42)
    rates = recall_precision([found((near, 0.6), (HAND, 0.9))], [wanted(HAND, near)], 0.5)
    assert rates == {"recall": 1.0, "precision": 1.0, "hands": 2.0}
    twice = recall_precision([found((near, 0.6), (HAND, 0.9))], [wanted(HAND)], 0.5)
    assert twice == {"recall": 1.0, "precision": 0.5, "hands": 1.0}


def test_a_better_score_takes_the_hand_it_overlaps_most() -> None:
    first, second = (0, 0, 100, 10), (30, 0, 130, 10)
    # The better box overlaps both hands by half, the worse one only the first, which is taken by then.
    guesses = [found(((0, 0, 80, 10), 0.6), ((5, 0, 105, 10), 0.9))]
    assert recall_precision(guesses, [wanted(first, second)], 0.5) == {"recall": 0.5, "precision": 0.5, "hands": 2.0}


def test_ignored_regions_need_not_be_found_and_excuse_what_lies_more_than_half_within() -> None:
    region = (40, 0, 80, 80)
    truth = [wanted(HAND, ignored=[region])]
    within, across, beside = (45, 5, 75, 30), (30, 50, 52, 70), (81, 5, 95, 30)
    assert recall_precision([found((HAND, 0.9), (within, 0.9))], truth, 0.5)["precision"] == 1.0
    # Twelve of its 22 pixels lie within.
    assert recall_precision([found((HAND, 0.9), (across, 0.9))], truth, 0.5)["precision"] == 1.0
    assert recall_precision([found((HAND, 0.9), (beside, 0.9))], truth, 0.5)["precision"] == 0.5
    assert recall_precision([found()], truth, 0.5) == {"recall": 0.0, "precision": 0.0, "hands": 1.0}


def test_detection_figures_hold_both() -> None:
    figures = detection_figures([found((HAND, 0.9))], [wanted(HAND)], 0.5)
    assert figures == pytest.approx({"ap": 1.0, "ap50": 1.0, "recall": 1.0, "precision": 1.0, "hands": 1.0})


def test_rows_of_a_confusion_are_the_truth() -> None:
    counts = confusion(np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0]), 3)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 0], [1, 0, 2]])


def test_macro_f1_is_the_mean_over_the_classes_that_occur() -> None:
    # F1 of the three: 2*1/(2+2), 2*1/(1+2), 2*2/(3+2); the fourth class never occurs, though it was guessed once.
    counts = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]])
    assert macro_f1(counts) == pytest.approx((0.5 + 2 / 3 + 0.8) / 3)
    counts[0, 3] = 1
    assert macro_f1(counts) == pytest.approx((2 / 5 + 2 / 3 + 0.8) / 3)


def test_without_hands_macro_f1_is_zero() -> None:
    assert macro_f1(np.zeros((3, 3), np.int64)) == 0.0
