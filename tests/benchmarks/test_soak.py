# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from benchmarks.soak.soak import soak
from benchmarks.soak.vitals import Vitals, slope_mb


def test_everything_is_live_and_nothing_is_lost_after_faults() -> None:
    report = soak(seconds=8, every_s=2.0, seed=5, fps=200)
    assert report["all_live"]
    assert report["disorders"] == 0
    assert len(report["frames"]) == 3
    assert sum(report["faults"].values()) >= 4
    figures, limits = report["figures"], report["limits"]
    assert figures["descriptors"] <= limits["descriptors"]
    assert figures["threads"] <= limits["threads"]
    assert figures["rss_growth_mb"] <= limits["rss_growth_mb"]


def test_slope_is_that_of_the_samples() -> None:
    samples = [Vitals(second, second * 1000, 100 + 0.02 * second, 10, 5) for second in range(50)]
    assert slope_mb(samples) == pytest.approx(2.0)
    assert slope_mb(samples[:1]) == 0
