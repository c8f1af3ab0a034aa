# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.engines.progress import Phases


def test_a_phase_within_a_step_counts_as_its_share() -> None:
    seconds = iter(range(100))
    phases = Phases(clock=lambda: float(next(seconds)))
    assert phases.start("all", None, 4).fraction == 0
    assert phases.step("all", 0).fraction == pytest.approx(1 / 4)
    phases.start("inner", "all", 2)
    halfway = phases.step("inner", 0)
    assert halfway.fraction == pytest.approx(1 / 4 + 1 / 8)
    assert (halfway.phase, halfway.elapsed_s) == ("inner", 4)
    assert halfway.left_s == pytest.approx(4 * (5 / 8) / (3 / 8))
    phases.start("innermost", "inner", 2)
    assert phases.step("innermost", 0).fraction == pytest.approx(1 / 4 + 1 / 8 + 1 / 16)


def test_the_fraction_never_falls_and_never_passes_one() -> None:
    phases = Phases()
    phases.start("all", None, 1)
    told = []
    for name in ("one", "other"):
        phases.start(name, "all", 2)
        told += [phases.step(name, step).fraction for step in range(5)]
        told.append(phases.finish(name).fraction)
    told.append(phases.step("all", 7).fraction)
    assert told == sorted(told)
    assert told[-1] == 1


def test_what_was_never_started_is_no_fault() -> None:
    phases = Phases()
    assert phases.step("unknown", 3).fraction == 0
    assert phases.finish("unknown").left_s is None
    assert phases.start("empty", "unknown", 0).fraction == 0
