# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from training.metrics.intervals import group_interval, wilson_interval


def test_wilson_bounds_are_those_of_the_textbook() -> None:
    # Newcombe 1998, table I.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson_interval(18, 18) == pytest.approx((0.8241, 1), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_answers_that_go_together_count_as_fewer() -> None:
    values = np.repeat(np.array([1.0] * 16 + [0.0] * 4), 3)
    alone = group_interval(values, [str(number) for number in range(60)])
    together = group_interval(values, [str(number // 3) for number in range(60)])
    wide = wilson_interval(16, 20)
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])
    assert together == pytest.approx(wide, abs=0.08)
    assert alone[0] < 0.8 < alone[1]


def test_what_never_fails_has_no_width() -> None:
    assert group_interval(np.ones(9), list("aaabbbccc")) == (1.0, 1.0)
