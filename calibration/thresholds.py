# SPDX-License-Identifier: Apache-2.0
"""From how often a tensor takes which magnitude to the one beyond which INT8 cuts it off, by four methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.histogram import BINS, Histogram

Method = Literal["min-max", "entropy", "percentile", "mse"]
METHODS: tuple[Method, ...] = ("min-max", "entropy", "percentile", "mse")
# Symmetric INT8 has so many steps on each side of zero.
STEPS = 127
PERCENTILE = 99.99
# Candidates of the searches: every so many bins.
EVERY = 16


def threshold_of(histogram: Histogram, method: Method) -> float:
    """Return the magnitude that becomes 127; 0 for a tensor that is always 0."""
    if not histogram.largest:
        return 0.0
    return min(_THRESHOLDS[method](histogram), histogram.largest)


def _min_max(histogram: Histogram) -> float:
    return histogram.largest


def _percentile(histogram: Histogram) -> float:
    shares = np.cumsum(histogram.counts) / histogram.counts.sum()
    return float(histogram.edges[np.searchsorted(shares, PERCENTILE / 100)])


def _mse(histogram: Histogram) -> float:
    """Return the threshold of the least squared error of rounding and cutting off, each bin at its middle."""
    middles = histogram.edges - histogram.top / BINS / 2

    def error(threshold: float) -> float:
        step = threshold / STEPS
        kept = np.minimum(np.round(middles / step), STEPS) * step
        return float((histogram.counts * (middles - kept) ** 2).sum())

    candidates: list[float] = histogram.edges[EVERY - 1 :: EVERY].tolist()
    return min(candidates, key=error)


def _entropy(histogram: Histogram) -> float:
    """Return the threshold of the least Kullback-Leibler divergence between the values and their 128 levels.

    Source: Migacz, "8-bit Inference with TensorRT", GTC 2017. The first bin is left out: what ReLU made zero costs
    nothing.
    """
    counts = histogram.counts.astype(np.float64)
    counts[0] = 0
    levels = STEPS + 1
    candidates = range(levels, BINS + 1, EVERY)
    return float(histogram.edges[min(candidates, key=lambda kept: _divergence(counts, kept, levels)) - 1])


def _divergence(counts: NDArray[np.float64], kept: int, levels: int) -> float:
    wanted = counts[:kept].copy()
    wanted[-1] += counts[kept:].sum()
    level = np.arange(kept) * levels // kept
    filled = counts[:kept] > 0
    sums = np.bincount(level, weights=counts[:kept], minlength=levels)
    members = np.bincount(level, weights=filled, minlength=levels)
    given = np.where(filled, sums[level] / np.maximum(members[level], 1), 0)
    if not wanted.sum() or not given.sum():
        return np.inf
    wanted, given = wanted / wanted.sum(), given / given.sum()
    there = wanted > 0
    return float((wanted[there] * np.log(wanted[there] / np.maximum(given[there], 1e-12))).sum())


_THRESHOLDS: dict[Method, Callable[[Histogram], float]] = {
    "min-max": _min_max,
    "entropy": _entropy,
    "percentile": _percentile,
    "mse": _mse,
}
