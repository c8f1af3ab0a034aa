# SPDX-License-Identifier: Apache-2.0
"""Which of few things is which of few others, at the least cost."""

from __future__ import annotations

import math
from collections.abc import Sequence


def assigned(costs: Sequence[Sequence[float]], *, most: float) -> list[tuple[int, int]]:
    """Return the pairs (row, column) of least total cost; a pair that would cost `most` or more stays apart.

    A row or column that stays apart costs as if half of `most` were paid for it. Exact, in cubic time: the shortest
    augmenting paths of Kuhn and Munkres.
    """
    rows, columns = len(costs), len(costs[0]) if costs else 0
    if rows > columns:
        turned = assigned([[row[column] for row in costs] for column in range(columns)], most=most)
        return sorted((row, column) for column, row in turned)
    partner = _partners([[min(cost, most) for cost in row] for row in costs], rows, columns)
    pairs = [(row, column) for column, row in enumerate(partner) if row >= 0]
    return sorted((row, column) for row, column in pairs if costs[row][column] < most)


def _partners(costs: list[list[float]], rows: int, columns: int) -> list[int]:
    """Return the row of each column, -1 where it has none; there are at least as many columns as rows."""
    row_price, column_price = [0.0] * rows, [0.0] * (columns + 1)
    partner = [-1] * (columns + 1)
    for row in range(rows):
        # The last column is where a path begins.
        partner[columns], here = row, columns
        least, before, done = [math.inf] * columns, [columns] * columns, [False] * (columns + 1)
        while partner[here] >= 0:
            done[here] = True
            current = partner[here]
            for column in range(columns):
                if done[column]:
                    continue
                cost = costs[current][column] - row_price[current] - column_price[column]
                if cost < least[column]:
                    least[column], before[column] = cost, here
            nearest = min((column for column in range(columns) if not done[column]), key=least.__getitem__)
            step = least[nearest]
            for column in range(columns + 1):
                if done[column]:
                    row_price[partner[column]] += step
                    column_price[column] -= step
                elif column < columns:
                    least[column] -= step
            here = nearest
        while here != columns:
            partner[here] = partner[before[here]]
            here = before[here]
    return partner[:columns]
