# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from benchmarks.comparison import Comparison, in_turns


def test_turns_are_taken_and_the_first_round_is_not_counted() -> None:
    calls: list[str] = []
    ours, theirs = iter([100.0, 1, 2, 9]), iter([100.0, 10, 20, 30])

    def measure(name: str, values: list[float]) -> float:
        calls.append(name)
        return values.pop(0)

    our_values, their_values = list(ours), list(theirs)
    comparison = in_turns(
        "subject",
        ours=("a", lambda: measure("a", our_values)),
        theirs=("b", lambda: measure("b", their_values)),
        unit="ms",
        rounds=3,
    )
    assert calls == ["a", "b"] * 4
    assert (comparison.our_value, comparison.their_value) == (2, 20)
    assert comparison.times_as_fast == pytest.approx(10)


def test_more_frames_a_second_are_better() -> None:
    assert Comparison("s", "a", "b", "FPS", 30, 10, 1).times_as_fast == pytest.approx(3)
