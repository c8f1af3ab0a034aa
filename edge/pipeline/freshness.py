# SPDX-License-Identifier: Apache-2.0
"""`Freshness`: results of frames that are too old are dropped."""

from __future__ import annotations

import time
from collections.abc import Mapping

from edge.frame import Frame
from edge.results import Hands

UNSEEN = Hands.empty()
"""Stands for the hands of a frame that was too old to look at."""


class Freshness:
    """Drops and counts live frames that were captured more than `max_age_ms` ago; none where that is None."""

    def __init__(self, max_age_ms: float | None) -> None:
        self._max_age_ms = max_age_ms
        self._count = 0

    def is_stale(self, frame: Frame) -> bool:
        """Whether a frame is too old."""
        if self._max_age_ms is None or frame.media_time_s is not None:
            return False
        return time.monotonic_ns() - frame.time_ns > self._max_age_ms * 1e6

    def drops(self, frame: Frame) -> bool:
        """Whether a frame is too old; if so, it counts."""
        stale = self.is_stale(frame)
        self._count += stale
        return stale

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many were too old, by that cause."""
        return {f"older than {self._max_age_ms:g} ms": self._count} if self._count else {}
