# SPDX-License-Identifier: Apache-2.0
"""Percentiles of a latency over a run of any length."""

from __future__ import annotations

import numpy as np

KEPT = 65_536
"""How many of the latest values count: half an hour at 30 frames a second."""


class LatencyRecord:
    """The latest `KEPT` values, in fixed memory."""

    def __init__(self) -> None:
        self._values_ms = np.zeros(KEPT, np.float32)
        self._count = 0

    def add(self, value_ms: float) -> None:
        """Record one value."""
        self._values_ms[self._count % KEPT] = value_ms
        self._count += 1

    def percentiles_ms(self) -> dict[str, float]:
        """Median, 95th and 99th percentile as `p50`, `p95`, `p99`; empty where nothing was recorded."""
        if self._count == 0:
            return {}
        values_ms = np.percentile(self._values_ms[: self._count], (50, 95, 99))
        return {f"p{rank}": float(value) for rank, value in zip((50, 95, 99), values_ms, strict=True)}
