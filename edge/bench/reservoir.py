# SPDX-License-Identifier: Apache-2.0
"""`Reservoir`: a fair sample of any number of times, in fixed memory."""

from __future__ import annotations

import random

import numpy as np

from edge.bench.report import Distribution

KEPT = 65_536
_BINS = 40
_RANKS = (50, 90, 95, 99)


class Reservoir:
    """Keeps `KEPT` values, each of all with the same chance (Vitter, 1985, algorithm R), and counts the rest."""

    def __init__(self) -> None:
        self._values_ms = np.zeros(KEPT, np.float32)
        self._random = random.Random(0)
        self._count = 0
        self._sum_ms = self._max_ms = 0.0

    def add(self, value_ms: float) -> None:
        """Record one value."""
        place = self._count if self._count < KEPT else self._random.randrange(self._count + 1)
        if place < KEPT:
            self._values_ms[place] = value_ms
        self._count += 1
        self._sum_ms += value_ms
        self._max_ms = max(self._max_ms, value_ms)

    def distribution(self) -> Distribution:
        """Return what was recorded, at least one value."""
        values_ms = self._values_ms[: self._count]
        ranks_ms = np.percentile(values_ms, _RANKS)
        # Beyond the 99th percentile a few may lie so far out that all others would share a bar.
        end_ms = max(float(ranks_ms[-1]) * 1.25, 1e-3)
        counts, edges_ms = np.histogram(np.minimum(values_ms, end_ms), bins=_BINS, range=(0, end_ms))
        return Distribution(
            count=self._count,
            mean=self._sum_ms / self._count,
            **{f"p{rank}": float(value) for rank, value in zip(_RANKS, ranks_ms, strict=True)},
            max=self._max_ms,
            edges_ms=tuple(map(float, edges_ms)),
            counts=tuple(map(int, counts)),
        )
