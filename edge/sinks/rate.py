# SPDX-License-Identifier: Apache-2.0
"""How often something happens."""

from __future__ import annotations

import time
from collections import deque

WINDOW_S = 1.0
_MOST_EVENTS = 1000


class Rate:
    """Events a second over the last `WINDOW_S`, on the monotonic clock."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=_MOST_EVENTS)

    def tick(self, now_s: float | None = None) -> float | None:
        """Count one event and return the rate; None until there are two."""
        now_s = time.monotonic() if now_s is None else now_s
        self._times_s.append(now_s)
        while len(self._times_s) > 2 and now_s - self._times_s[0] > WINDOW_S:
            self._times_s.popleft()
        elapsed_s = now_s - self._times_s[0]
        return (len(self._times_s) - 1) / elapsed_s if elapsed_s > 0 else None
