# SPDX-License-Identifier: Apache-2.0
"""What this process holds: memory, files, threads (Linux, proc(5))."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_SELF = Path("/proc/self")
_MB = 1e6


@dataclass(frozen=True)
class Vitals:
    """A sample, after so many frames of all sources."""

    at_s: float
    frames: int
    rss_mb: float
    descriptors: int
    threads: int

    @classmethod
    def now(cls, at_s: float, frames: int) -> Vitals:
        """Take one."""
        pages = int((_SELF / "statm").read_text(encoding="ascii").split()[1])
        threads = len(list((_SELF / "task").iterdir()))
        descriptors = len(list((_SELF / "fd").iterdir()))
        return cls(at_s, frames, pages * os.sysconf("SC_PAGE_SIZE") / _MB, descriptors, threads)


def slope_mb(samples: Sequence[Vitals], *, per_frames: int = 100_000) -> float:
    """Return by how much memory grows in so many frames, by least squares."""
    frames = np.array([sample.frames for sample in samples], np.float64)
    rss_mb = np.array([sample.rss_mb for sample in samples], np.float64)
    return float(np.polyfit(frames, rss_mb, 1)[0] * per_frames) if len(samples) > 1 and np.ptp(frames) > 0 else 0.0
