# SPDX-License-Identifier: Apache-2.0
"""How many frames are worked on at the same time."""

from __future__ import annotations

import os

_MOST_LANES = 8


def default_threads() -> int:
    """How many threads to use where the user did not say: the cores this process may run on, at most 8."""
    return min(available_cores(), _MOST_LANES)


def available_cores() -> int:
    """How many cores this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
