# SPDX-License-Identifier: Apache-2.0
"""`Draw`: random numbers of items with chances of their own, without summing all chances each time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class Draw:
    """Draws what `rng.choice(len(chances), p=chances)` does, the same numbers from the same generator.

    `chances` (N,) float64 add up to 1.
    """

    def __init__(self, chances: npt.NDArray[np.float64]) -> None:
        sums = np.cumsum(chances)
        self._sums = sums / sums[-1]

    def __call__(self, rng: np.random.Generator) -> int:
        """Return the number of an item."""
        return int(self._sums.searchsorted(rng.random(), side="right"))
