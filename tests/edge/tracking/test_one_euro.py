# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.tracking.one_euro import OneEuro

WIDTH_PX = 100.0
POINTS = 21
JITTER_PX = 1.0
"""A hundredth of a hand-width: what a good keypoint model leaves of a hand at rest."""


def smoothed(points: NDArray[np.float64], *, fps: float) -> NDArray[np.float64]:
    """Return points (T, P, 2) after the filter as it is set by default."""
    one_euro = OneEuro(least_hz=1.0, hz_per_speed=10.0, speed_hz=1.0)
    return np.array([one_euro.smoothed(frame, passed_s=1 / fps, width_px=WIDTH_PX) for frame in points])


def jitter_px(points: NDArray[np.float64]) -> float:
    return float(np.sqrt((np.diff(points[10:], axis=0) ** 2).mean()))


@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
def test_jitter_of_a_still_hand_falls_to_a_third(fps: float) -> None:
    still = 300 + np.random.default_rng(0).normal(0, JITTER_PX, (120, POINTS, 2))
    assert jitter_px(smoothed(still, fps=fps)) < jitter_px(still) / 3


@pytest.mark.parametrize("speed", [1.5, 3.0, 6.0])
def test_a_moving_hand_is_less_than_a_frame_late(speed: float) -> None:
    fps = 30.0
    noise = np.random.default_rng(0).normal(0, JITTER_PX, (60, POINTS, 2))
    step_px = speed * WIDTH_PX / fps
    moving = step_px * np.arange(60)[:, None, None] + noise
    late_px = (moving - smoothed(moving, fps=fps))[30:].mean()
    assert late_px < step_px


def test_a_hand_at_rest_stays_where_it_is() -> None:
    still = np.full((20, POINTS, 2), 7.0)
    np.testing.assert_array_equal(smoothed(still, fps=30), still)


def test_size_of_the_picture_plays_no_part() -> None:
    walk = np.random.default_rng(1).normal(0, 5, (40, POINTS, 2)).cumsum(axis=0)
    small, large = (OneEuro(least_hz=1, hz_per_speed=10, speed_hz=1) for _ in range(2))
    for frame in walk:
        one = small.smoothed(frame, passed_s=0.03, width_px=WIDTH_PX)
        other = large.smoothed(4 * frame, passed_s=0.03, width_px=4 * WIDTH_PX)
        np.testing.assert_allclose(4 * one, other)
