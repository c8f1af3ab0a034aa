# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.tracking.assignment import assigned

MOST = 1.0


def least_cost(costs: list[list[float]]) -> float:
    """Return the least cost by trying all assignments; one of `MOST` or more is as good as none."""
    if len(costs) > len(costs[0]):
        costs = [list(row) for row in zip(*costs, strict=True)]
    orders = itertools.permutations(range(len(costs[0])), len(costs))
    return min(sum(min(row[column], MOST) for row, column in zip(costs, order, strict=True)) for order in orders)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 3), (5, 3), (3, 5), (5, 5)])
@pytest.mark.parametrize("seed", range(8))
def test_assignment_costs_as_little_as_any(shape: tuple[int, int], seed: int) -> None:
    costs: list[list[float]] = np.random.default_rng(seed).uniform(0, 2, shape).tolist()
    pairs = assigned(costs, most=MOST)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(costs[row][column] < MOST for row, column in pairs)
    total = sum(costs[row][column] for row, column in pairs) + (min(shape) - len(pairs)) * MOST
    assert total == pytest.approx(least_cost(costs))


def test_nothing_is_assigned_to_nothing() -> None:
    assert assigned([], most=MOST) == []
    assert assigned([[], []], most=MOST) == []
