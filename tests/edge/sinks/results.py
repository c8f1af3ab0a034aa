# SPDX-License-Identifier: Apache-2.0
"""Results as a pipeline makes them, with the gestures that a test wants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.frame import Frame, PixelFormat
from edge.results import FrameResult, Hands, Labels
from edge.sources.arrays import ArraySource

FRAME = Frame(np.zeros((4, 4, 3), np.uint8), PixelFormat.BGR, time_ns=0, index=0, source="door")
NAMES = ("no_gesture", "fist", "palm", "like")


def source(name: str = "door") -> ArraySource:
    """Return a source of this name."""
    return ArraySource([], name=name)


def result(
    number: int, *gestures: str, source: str = "door", tracks: Sequence[int] | None = None, latency_ms: float = 20.0
) -> FrameResult:
    """Return a result with one hand a gesture."""
    count = len(gestures)
    boxes = np.tile(np.array([0, 0, 2, 2], np.float32), (count, 1))
    labels = Labels(NAMES, np.array([NAMES.index(name) for name in gestures], np.intp), np.full(count, 0.9, np.float32))
    ids = None if tracks is None else np.array(tracks, np.int64)
    hands = Hands(boxes, np.full(count, 0.8, np.float32), gestures=labels, track_ids=ids)
    return FrameResult(source, None, number, number / 30, 4, 4, hands, {"infer": latency_ms / 2, "total": latency_ms})
