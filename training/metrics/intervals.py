# SPDX-License-Identifier: Apache-2.0
"""How sure a share is that was measured on few pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000


def wilson_interval(right: int, count: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the bounds of a share of independent answers.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    if not count:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def group_interval(
    values: npt.NDArray[np.float64], groups: Sequence[str], *, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Return the bounds of the mean of `values` (N,) whose errors go together within each of the `groups` (N,).

    Whole groups are drawn anew: the percentile bootstrap of clusters. Source: Davison and Hinkley, "Bootstrap Methods
    and their Application", 1997, section 3.8.
    """
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(place, values), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(names), (RESAMPLES, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
