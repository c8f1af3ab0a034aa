# SPDX-License-Identifier: Apache-2.0
"""`Forecast`: where hands will be, by what was known at one time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.geometry import iou_matrix
from edge.results import Hands
from edge.tracking.keypoint_box import boxes_from_keypoints

LEAST_PRESENCE = 0.5
"""A hand that the keypoint model is less sure of is looked for by the detector."""
MOST_S = 0.2
"""How far motion is trusted to go on as it was."""
SHIFT_S = 0.3
"""Time constant with which the detector's box is forgotten and that by keypoints is as good as any."""
OVERLAP = 0.3
"""A hand whose box shares more with one that the detector found was found."""
HOLD = 0.08
"""A box stays where it was while no side of it moves farther, in hand-widths. What a network says of a hand at rest
would shake if its crop did, the more as the crop follows from what it says."""
FOUND = -1
"""Stands for the number of a hand that the detector found."""

_Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The N hands that were known after a frame, seen in it or not; never changes.

    Attributes:
        time_s: when that frame was captured.
        ids: (N,) int64, rising.
        boxes_xyxy: (N, 4) float64 at `time_s`, pixels.
        speeds: (N, 4) float64, what the boxes move, pixels a second.
        anchors_xyxy: (N, 4) float64, boxes from which those differ little, or not at all.
        shifts: (N, 4) float64, by how much the detector's boxes differ from those by keypoints, in hand-widths.
        found_s: (N,) float64, when the detector last found each.
        scores: (N,) float32 of the detector.
        seen: (N,) bool, whether that frame showed it.
        confirmed: (N,) bool, whether it was seen long enough to be trusted.
        newest_s: when the youngest of them was first seen; minus infinity where there is none.
        detected_s: when the detector last ran.
    """

    time_s: float
    ids: NDArray[np.int64]
    boxes_xyxy: NDArray[np.float64]
    speeds: NDArray[np.float64]
    anchors_xyxy: NDArray[np.float64]
    shifts: NDArray[np.float64]
    found_s: NDArray[np.float64]
    scores: NDArray[np.float32]
    seen: NDArray[np.bool_]
    confirmed: NDArray[np.bool_]
    newest_s: float
    detected_s: float

    @classmethod
    def nothing(cls, *, time_s: float = -math.inf, detected_s: float = -math.inf) -> Forecast:
        """What is known where there is no hand."""
        boxes, times_s, flags = np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.bool_)
        ids, scores = np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cls(time_s, ids, boxes, boxes, boxes, boxes, times_s, scores, flags, flags, -math.inf, detected_s)

    @property
    def misses(self) -> bool:
        """Whether a hand that is known was not seen."""
        return not self.seen.all()

    def hands_at(self, time_s: float, size_px: _Size) -> Hands | None:
        """Return the hands seen, their boxes where they will be in a picture of this size; None when one left it."""
        hands = self._predicted(self.seen, time_s, size_px)
        sides = hands.boxes_xyxy[:, 2:] - hands.boxes_xyxy[:, :2]
        return hands if (sides >= 1).all() else None

    def holds(self, hands: Hands) -> bool:
        """Whether all confirmed hands that were seen are among these, and certainly are hands."""
        if hands.presence is None or hands.track_ids is None:
            return not (self.seen & self.confirmed).any()
        sure = hands.track_ids[hands.presence >= LEAST_PRESENCE].tolist()
        return all(number in sure for number in self.ids[self.seen & self.confirmed].tolist())

    def with_missed(self, found: Hands, time_s: float, size_px: _Size, *, most_s: float) -> Hands:
        """Return what the detector found and, where it did not find a confirmed hand, that hand where it will be.

        A box that differs little from where a hand will be becomes that. A hand that the detector last found more than
        `most_s` ago is not looked for. Of hands found the number is `FOUND`.
        """
        found = self._steadied(found, time_s, size_px)
        missed = self._predicted(self.confirmed & (time_s - self.found_s <= most_s), time_s, size_px)
        if len(found) and len(missed):
            missed = missed[iou_matrix(missed.boxes_xyxy, found.boxes_xyxy).max(axis=1) < OVERLAP]
        if not len(missed) or missed.track_ids is None:
            return found
        return Hands(
            np.concatenate([found.boxes_xyxy, missed.boxes_xyxy]),
            np.concatenate([found.scores, missed.scores]),
            track_ids=np.concatenate([np.full(len(found), FOUND), missed.track_ids]),
        )

    def placed(self, hands: Hands, time_s: float, size_px: _Size) -> Hands:
        """Return the hands with boxes by keypoints, as the detector would draw them, where it did not find them."""
        if hands.keypoints is None or hands.track_ids is None:
            return hands
        own = hands.track_ids != FOUND
        if not own.any():
            return hands
        rows = np.searchsorted(self.ids, hands.track_ids[own])
        boxes = boxes_from_keypoints(hands.keypoints[own])
        sides_px = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
        faded = np.exp((self.found_s[rows] - time_s) / SHIFT_S)
        boxes += self.shifts[rows] * (faded * sides_px)[:, None]
        placed = hands.boxes_xyxy.copy()
        placed[own] = _clipped(boxes, size_px)
        return replace(hands, boxes_xyxy=placed)

    def _steadied(self, found: Hands, time_s: float, size_px: _Size) -> Hands:
        known = self._predicted(self.seen, time_s, size_px).boxes_xyxy
        if not len(known) or not len(found):
            return found
        nearest = iou_matrix(found.boxes_xyxy, known).argmax(axis=1)
        return replace(found, boxes_xyxy=_held(found.boxes_xyxy, known[nearest]).astype(np.float32))

    def _predicted(self, which: NDArray[np.bool_], time_s: float, size_px: _Size) -> Hands:
        passed_s = min(max(time_s - self.time_s, 0.0), MOST_S)
        boxes = _held(self.boxes_xyxy[which] + self.speeds[which] * passed_s, self.anchors_xyxy[which])
        return Hands(_clipped(boxes, size_px), self.scores[which], track_ids=self.ids[which])


def _held(boxes_xyxy: NDArray[np.floating], anchors_xyxy: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the anchors of boxes (N, 4) that differ little from them, and the other boxes as they are."""
    widths_px = (anchors_xyxy[:, 2:] - anchors_xyxy[:, :2]).max(axis=1, initial=1)
    near = np.abs(boxes_xyxy - anchors_xyxy).max(axis=1, initial=0) < HOLD * widths_px
    return np.where(near[:, None], anchors_xyxy, boxes_xyxy).astype(np.float64)


def _clipped(boxes_xyxy: NDArray[np.float64], size_px: _Size) -> NDArray[np.float32]:
    boxes = np.minimum(np.maximum(boxes_xyxy, 0), (*size_px, *size_px)).astype(np.float32)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
    return boxes
