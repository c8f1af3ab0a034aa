# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.histogram import BINS, Histogram
from calibration.thresholds import METHODS, STEPS, Method, threshold_of

# A threshold lies on the edge of a bin.
BIN_SHARE = 2.5 / BINS


def histogram_of(*parts: NDArray[np.float32]) -> Histogram:
    histogram = Histogram()
    for part in parts:
        histogram.add(part)
    return histogram


def values(*, outlier: float = 0.0) -> NDArray[np.float32]:
    found = np.random.default_rng(3).normal(0, 1, 200_000).astype(np.float32)
    found[0] = outlier or found[0]
    return found


def squared_error(given: NDArray[np.float32], threshold: float) -> float:
    step = threshold / STEPS
    return float(((given - np.round(given / step).clip(-STEPS, STEPS) * step) ** 2).mean())


def test_a_histogram_counts_every_value_whatever_comes_first() -> None:
    given = values(outlier=-40)
    forward, backward = histogram_of(given[1:], given[:1]), histogram_of(given[:1], given[1:])
    for histogram in (forward, backward):
        assert histogram.counts.sum() == given.size
        assert histogram.largest == 40
        shares = np.cumsum(histogram.counts) / given.size
        reached = shares[np.searchsorted(histogram.edges, 1.0)]
        assert reached == pytest.approx((np.abs(given) <= 1).mean(), abs=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_every_threshold_is_a_magnitude_that_occurs(method: Method) -> None:
    given = values()
    assert 0 < threshold_of(histogram_of(given), method) <= np.abs(given).max()


@pytest.mark.parametrize("method", METHODS)
def test_a_tensor_of_zeros_has_no_threshold(method: Method) -> None:
    assert threshold_of(histogram_of(np.zeros(9, np.float32)), method) == 0


def test_min_max_keeps_the_outlier_and_the_others_cut_it_off() -> None:
    histogram = histogram_of(values(outlier=60))
    found = {method: threshold_of(histogram, method) for method in METHODS}
    assert found["min-max"] == 60
    assert all(found[method] < 40 for method in METHODS if method != "min-max")


def test_percentile_cuts_off_one_value_in_ten_thousand() -> None:
    given = values()
    threshold = threshold_of(histogram_of(given), "percentile")
    assert threshold == pytest.approx(np.percentile(np.abs(given), 99.99), rel=0.02)


def test_mse_errs_less_than_all_other_methods_on_what_it_saw() -> None:
    given = values(outlier=12)
    histogram = histogram_of(given)
    errors = {method: squared_error(given, threshold_of(histogram, method)) for method in METHODS}
    assert errors["mse"] <= min(errors.values()) * (1 + 0.05)
    assert errors["mse"] < errors["min-max"] / 2
