# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from edge.tracking.votes import Votes

FRAME_S = 1 / 30


def test_a_single_wrong_answer_changes_nothing() -> None:
    votes = Votes(0.15)
    for label_id in (1, 1, 1, 1, 2, 1):
        votes.add(label_id, 0.9, passed_s=FRAME_S)
        assert votes.elected[0] == 1


def test_a_new_label_is_elected_within_the_memory() -> None:
    votes = Votes(0.15)
    for _ in range(60):
        votes.add(1, 0.9, passed_s=FRAME_S)
    elected = []
    for _ in range(60):
        votes.add(2, 0.9, passed_s=FRAME_S)
        elected.append(votes.elected[0])
    assert 0.05 < elected.index(2) * FRAME_S < 0.2


def test_labels_of_the_same_probability_take_no_turns() -> None:
    votes, rng = Votes(0.3), np.random.default_rng(0)
    elected = []
    for _ in range(300):
        votes.add(int(rng.integers(2)), 0.6, passed_s=FRAME_S)
        elected.append(votes.elected[0])
    assert np.count_nonzero(np.diff(elected)) < 30


def test_the_score_is_the_mean_over_all_answers() -> None:
    assert Votes(1.0).elected == (-1, 0.0)
    votes = Votes(1.0)
    for label_id, score in ((3, 0.8), (3, 0.8), (-1, 1.0)):
        votes.add(label_id, score, passed_s=FRAME_S)
    assert votes.elected == pytest.approx((3, 0.8))
