# SPDX-License-Identifier: Apache-2.0
"""`Histogram`: how often a tensor takes which magnitude, gathered input by input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 2048


class Histogram:
    """Counts of absolute values in `BINS` equal bins from 0 to `top`, which doubles when a larger value comes.

    `largest` is the largest magnitude seen, `counts` (BINS,) int64.
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self.top = 0.0
        self.largest = 0.0

    def add(self, values: NDArray[np.float32]) -> None:
        """Count the values, which must be finite."""
        if not values.size:
            return
        magnitudes = np.abs(values).ravel()
        largest = float(magnitudes.max())
        self.largest = max(self.largest, largest)
        if not self.top:
            self.top = largest
        while self.top < largest:
            self.top *= 2
            merged = self.counts.reshape(-1, 2).sum(1)
            self.counts = np.concatenate([merged, np.zeros(BINS // 2, np.int64)])
        if self.top:
            places = np.minimum((magnitudes * (BINS / self.top)).astype(np.int64), BINS - 1)
            self.counts += np.bincount(places, minlength=BINS)
        else:
            self.counts[0] += magnitudes.size

    @property
    def edges(self) -> NDArray[np.float64]:
        """Upper edge of every bin (BINS,)."""
        return self.top * np.arange(1, BINS + 1) / BINS
