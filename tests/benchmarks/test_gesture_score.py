# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from benchmarks.gesture_score import gesture_score


def test_right_guesses_score_one() -> None:
    score = gesture_score(["like", "fist", "fist"], ["like", "fist", "fist"])
    assert (score.macro_f1, score.macro_f1_found, score.found) == (1.0, 1.0, 3)


def test_a_missed_hand_is_an_error_of_its_class_alone() -> None:
    score = gesture_score(["like", "like", "fist"], ["like", None, "fist"])
    assert score.f1 == {"fist": 1.0, "like": pytest.approx(2 / 3)}
    assert (score.hands, score.found, score.macro_f1_found) == (3, 2, 1.0)


def test_a_class_that_is_only_guessed_lowers_its_victims_but_is_not_averaged() -> None:
    score = gesture_score(["like", "like"], ["like", "ok"])
    assert score.f1 == {"like": pytest.approx(2 / 3)}


def test_classes_weigh_the_same_however_often_they_occur() -> None:
    score = gesture_score(["like"] * 9 + ["fist"], ["like"] * 10)
    assert score.macro_f1 == pytest.approx((18 / 19 + 0) / 2)


def test_all_hands_missed_scores_zero() -> None:
    score = gesture_score(["like"], [None])
    assert (score.macro_f1, score.macro_f1_found, score.found) == (0.0, 0.0, 0)


def test_unequal_lists_are_refused() -> None:
    with pytest.raises(ValueError, match="got 1 for 2"):
        gesture_score(["like", "fist"], ["like"])
