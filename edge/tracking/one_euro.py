# SPDX-License-Identifier: Apache-2.0
"""`OneEuro`: the One-Euro filter, for the points of one hand."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

REST_SPEED = 0.3
"""In hand-widths a second."""


class OneEuro:
    """Takes the jitter from points at rest and follows points in motion (Casiez, Roussel and Vogel 2012).

    A low-pass filter of first order whose cutoff is `least_hz` at rest and rises by `hz_per_speed` for each hand-width
    a second; the speed of a point is told through a filter of its own, of `speed_hz`. Unlike in the original, a point's
    own speed counts from `REST_SPEED` on, for a network's jitter has one too; that of all points together, which has
    hardly any, counts in full.
    """

    def __init__(self, *, least_hz: float, hz_per_speed: float, speed_hz: float) -> None:
        self._least_hz, self._hz_per_speed, self._speed_hz = least_hz, hz_per_speed, speed_hz
        self._latest: Points | None = None
        self._latest_raw: Points | None = None
        self._velocity: Points | None = None

    def smoothed(self, points: Points, *, passed_s: float, width_px: float) -> Points:
        """Return points (P, 2) after the filter, `passed_s` after the points before; the first ones are as they are."""
        if self._latest is None or self._latest_raw is None or self._velocity is None:
            self._latest = self._latest_raw = points
            self._velocity = np.zeros_like(points)
            return points
        raw = (points - self._latest_raw) / (passed_s * width_px)
        self._velocity = self._velocity + _weight(self._speed_hz, passed_s) * (raw - self._velocity)
        self._latest_raw = points
        speeds = np.hypot(self._velocity[:, 0], self._velocity[:, 1])
        together = np.sort(self._velocity, axis=0)[len(points) // 2]
        speed = np.maximum(speeds - REST_SPEED, math.hypot(together[0], together[1]))
        # The share of the new points: 1 / (1 + tau / t) with tau = 1 / (2 pi f), written so that it needs one division.
        turn = 2 * math.pi * passed_s * (self._least_hz + self._hz_per_speed * speed)
        self._latest = self._latest + (turn / (turn + 1))[:, None] * (points - self._latest)
        return self._latest


def _weight(cutoff_hz: float, passed_s: float) -> float:
    turn = 2 * math.pi * cutoff_hz * passed_s
    return turn / (turn + 1)
