# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from benchmarks.handedness_score import handedness_score


def test_only_hands_with_a_label_count() -> None:
    score = handedness_score(["left", None, "right", "right"], ["left", "right", "right", "right"])
    assert score is not None
    assert (score.hands, score.accuracy, score.macro_f1) == (3, 1.0, 1.0)
    assert score.larger_share == pytest.approx(2 / 3)


def test_the_same_guess_every_time_is_as_right_as_the_larger_class() -> None:
    score = handedness_score(["left", "right", "right", "right"], ["right"] * 4)
    assert score is not None
    assert score.accuracy == score.larger_share == 0.75
    assert score.macro_f1 == pytest.approx((0 + 6 / 7) / 2)


def test_a_missed_hand_is_an_error() -> None:
    score = handedness_score(["left", "right"], ["left", None])
    assert score is not None
    assert score.to_dict() == {"hands": 2, "accuracy": 0.5, "macro_f1": 0.5, "larger_share": 0.5}


@pytest.mark.parametrize(("truth", "guess"), [([None, None], ["left", "right"]), (["left"], [None]), ([], [])])
def test_without_labels_or_guesses_there_is_no_score(truth: list[str | None], guess: list[str | None]) -> None:
    assert handedness_score(truth, guess) is None
