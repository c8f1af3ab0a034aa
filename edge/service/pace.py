# SPDX-License-Identifier: Apache-2.0
"""`Pace`: which frames to take when work is slowed down."""

from __future__ import annotations

_MEMORY = 0.9
_EARLY = 0.9
_PAUSE_S = 2.0


class Pace:
    """Takes every frame at step 0, and learns the rate of work from them; at step n a frame every 2**n such intervals.

    Counting frames would not do: a pipeline that is too slow for its camera would take others, not fewer.
    """

    def __init__(self) -> None:
        self.step = 0
        self._interval_s: float | None = None
        self._taken_s: float | None = None

    def takes(self, now_s: float) -> bool:
        """Return whether to take a frame that is there at `now_s` on the monotonic clock."""
        since_s = None if self._taken_s is None else now_s - self._taken_s
        if self.step and since_s is not None and self._interval_s is not None:
            if since_s < _EARLY * self._interval_s * 2**self.step:
                return False
        elif since_s is not None and since_s < _PAUSE_S:
            known_s = self._interval_s
            self._interval_s = since_s if known_s is None else _MEMORY * known_s + (1 - _MEMORY) * since_s
        self._taken_s = now_s
        return True
