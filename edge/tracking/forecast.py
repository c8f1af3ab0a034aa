# SPDX-License-Identifier: Apache-2.0
"""`Forecast`: where hands will be, by what was known at one time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.results import Hands
from edge.tracking.keypoint_box import boxes_from_keypoints

LEAST_PRESENCE = 0.5
"""A hand that the keypoint model is less sure of is looked for by the detector."""
MOST_S = 0.2
"""How far motion is trusted to go on as it was."""
SHIFT_S = 0.3
"""Time constant with which the detector's box is forgotten and that by keypoints is as good as any."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The N hands that were known after a frame; never changes.

    Attributes:
        time_s: when that frame was captured.
        ids: (N,) int64.
        boxes_xyxy: (N, 4) float64 at `time_s`, pixels.
        speeds: (N, 4) float64, what the boxes move, pixels a second.
        shifts: (N, 4) float64, by how much the detector's boxes differ from those by keypoints, in hand-widths.
        shift_times_s: when the detector told them.
        scores: (N,) float32 of the detector.
        sure: whether all are confirmed, and were seen in that frame.
        newest_s: when the youngest of them was first seen; minus infinity where there is none.
        detected_s: when the detector last ran.
    """

    time_s: float
    ids: NDArray[np.int64]
    boxes_xyxy: NDArray[np.float64]
    speeds: NDArray[np.float64]
    shifts: NDArray[np.float64]
    shift_times_s: NDArray[np.float64]
    scores: NDArray[np.float32]
    sure: bool
    newest_s: float
    detected_s: float

    @classmethod
    def nothing(cls) -> Forecast:
        """What is known before the first frame."""
        boxes, times_s = np.zeros((0, 4)), np.zeros(0)
        ids, scores = np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cls(-math.inf, ids, boxes, boxes, boxes, times_s, scores, True, -math.inf, -math.inf)  # noqa: FBT003

    def hands_at(self, time_s: float, *, width_px: int, height_px: int) -> Hands | None:
        """Return the hands at a time where their boxes will be, as the detector would find them; None when one left."""
        if not len(self.ids):
            return Hands(np.zeros((0, 4), np.float32), self.scores, track_ids=self.ids)
        boxes = self.boxes_xyxy + self.speeds * min(max(time_s - self.time_s, 0.0), MOST_S)
        clipped = np.clip(boxes, 0, (width_px, height_px, width_px, height_px)).astype(np.float32)
        sides = clipped[:, 2:] - clipped[:, :2]
        return Hands(clipped, self.scores, track_ids=self.ids) if (sides >= 1).all() else None

    def holds(self, hands: Hands) -> bool:
        """Whether all hands of the forecast are among these, and certainly are hands."""
        if len(hands) < len(self.ids):
            return False
        return hands.presence is not None and min(hands.presence.tolist(), default=1.0) >= LEAST_PRESENCE

    def placed(self, hands: Hands, time_s: float, *, width_px: int, height_px: int) -> Hands:
        """Return hands of this forecast with their boxes by their keypoints, where the detector would draw them."""
        if hands.keypoints is None or hands.track_ids is None or not len(hands):
            return hands
        boxes = boxes_from_keypoints(hands.keypoints)
        rows = np.searchsorted(self.ids, hands.track_ids)
        faded = np.exp((self.shift_times_s[rows] - time_s) / SHIFT_S)
        sides_px = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
        boxes += self.shifts[rows] * (faded * sides_px)[:, None]
        boxes = np.clip(boxes, 0, (width_px, height_px, width_px, height_px))
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
        return replace(hands, boxes_xyxy=boxes.astype(np.float32))
