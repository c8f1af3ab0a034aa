# SPDX-License-Identifier: Apache-2.0
"""`Track`: one hand over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.masks import Mask
from edge.results import Hands, Labels
from edge.tracking.forecast import HOLD, MOST_S
from edge.tracking.keypoint_box import boxes_from_keypoints
from edge.tracking.one_euro import OneEuro
from edge.tracking.settings import TrackingSettings
from edge.tracking.votes import Votes

KINDS = ("gestures", "handedness", "holding", "poses")
SPEED_HZ = 3.0
"""Cutoff of the low-pass filter of a box's motion."""
LEAST_PASSED_S = 1e-3
"""Frames of the same time, and a clock that jumps back, count as this much later."""

Box = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A mask and the box (4,) of its hand when it was told."""

    mask: Mask
    box_xyxy: Box


class Track:
    """What is known about one hand: where it is and moves, its votes, and its last mask. `number` is its own in a run.

    Attributes:
        box_xyxy: (4,) where it was seen last, pixels; `speed`: (4,) what that moves, pixels a second.
        anchor_xyxy: (4,) a box seen before from which that differs little.
        shift: (4,) by how much the detector's box differed from that by keypoints, in hand-widths.
        first_s, seen_s: when it was first and last seen.
        found_s: when the detector last found it; `found_score`: what it gave it.
        is_sure: whether its score is high enough to tell of it.
    """

    def __init__(self, number: int, settings: TrackingSettings, *, least_score: float = 0.0) -> None:
        self.number = number
        self._least_score = least_score
        self.box_xyxy: Box = np.zeros(4)
        self.speed: Box = np.zeros(4)
        self.anchor_xyxy: Box = np.zeros(4)
        self.shift: Box = np.zeros(4)
        self.first_s = self.seen_s = self.found_s = -math.inf
        self.found_score = 0.0
        self.is_sure = False
        self._score = 0.0
        self._votes: dict[str, Votes] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._voted_s: dict[str, float] = {}
        self._shown: _Shown | None = None
        self._settings = settings
        self._filter: OneEuro | None = None
        if settings.smooth_hz is not None:
            self._filter = OneEuro(
                least_hz=settings.smooth_hz,
                hz_per_speed=settings.smooth_hz_per_speed,
                speed_hz=settings.speed_hz,
            )

    @property
    def width_px(self) -> float:
        """A hand-width: the longer side of its box."""
        x1, y1, x2, y2 = map(float, self.box_xyxy)
        return max(x2 - x1, y2 - y1, 1.0)

    def box_at(self, time_s: float) -> Box:
        """Return where its box (4,) will be at a time."""
        box: Box = self.box_xyxy + self.speed * min(max(time_s - self.seen_s, 0.0), MOST_S)
        return box

    def found(self, score: float, time_s: float) -> None:
        """Note that the detector found it in the frame that is seen next."""
        self.found_s, self.found_score = time_s, score

    def see(self, hands: Hands, row: int, time_s: float) -> Box:
        """Take in what a frame tells of the hand and return its points (2 or 23, 2) after the filter.

        The first two are the corners of its box, the others its keypoints.
        """
        told = hands.boxes_xyxy[row].astype(np.float64)
        passed_s = max(time_s - self.seen_s, LEAST_PASSED_S)
        points: NDArray[np.float64] = told.reshape(2, 2)
        if hands.keypoints is not None:
            if self.found_s == time_s:
                self._learn_shift(hands.keypoints[row], told)
            points = np.concatenate([points, hands.keypoints[row, :, :2]])
        if self._filter is not None:
            points = self._filter.smoothed(points, passed_s=passed_s, width_px=self.width_px)
        self._grow_sure(float(hands.scores[row]), passed_s)
        self._move(points[:2].reshape(4), time_s, passed_s)
        self._vote(hands, row, time_s)
        return points

    def _grow_sure(self, score: float, passed_s: float) -> None:
        if self.first_s == -math.inf:
            self._score = score
        else:
            self._score += (score - self._score) * (1 - math.exp(-passed_s / self._settings.sure_s))
        margin = self._settings.sure_margin
        self.is_sure = self._score >= self._least_score + (margin / 2 if self.is_sure else margin)

    def _move(self, box: Box, time_s: float, passed_s: float) -> None:
        if self.first_s == -math.inf:
            self.first_s = time_s
        else:
            turn = 2 * math.pi * SPEED_HZ * min(passed_s, MOST_S)
            self.speed = self.speed + turn / (turn + 1) * ((box - self.box_xyxy) / passed_s - self.speed)
        self.box_xyxy, self.seen_s = box, time_s
        if np.abs(box - self.anchor_xyxy).max() >= HOLD * self.width_px:
            self.anchor_xyxy = box

    def elected(self, kind: str) -> tuple[int, float]:
        """Return the id and the score of its label of a kind, -1 and 0 where none was told."""
        votes = self._votes.get(kind)
        return (-1, 0.0) if votes is None else votes.elected

    def names(self, kind: str) -> tuple[str, ...] | None:
        """Return the list its labels of a kind are from, None where none was told."""
        return self._names.get(kind)

    def mask(self) -> Mask | None:
        """Return its last mask, moved to where the hand is now; None where none was told."""
        if self._shown is None:
            return None
        matrix = self._shown.mask.picture_from_grid.copy()
        before, now = self._shown.box_xyxy, self.box_xyxy
        matrix[:, 2] += (now[:2] + now[2:] - before[:2] - before[2:]) / 2
        return Mask(self._shown.mask.logits, matrix)

    def _learn_shift(self, keypoints: NDArray[np.float32], box: Box) -> None:
        told = boxes_from_keypoints(keypoints[None])[0]
        side_px = max(float(told[2] - told[0]), float(told[3] - told[1]), 1.0)
        self.shift = (box - told) / side_px

    def _vote(self, hands: Hands, row: int, time_s: float) -> None:
        for kind in KINDS:
            labels: Labels | None = getattr(hands, kind)
            if labels is None:
                continue
            if kind not in self._votes:
                longer = kind == "handedness"
                self._votes[kind] = Votes(self._settings.handedness_vote_s if longer else self._settings.vote_s)
                self._names[kind] = labels.names
            passed_s = max(time_s - self._voted_s.get(kind, time_s), LEAST_PASSED_S)
            self._votes[kind].add(int(labels.ids[row]), float(labels.scores[row]), passed_s=passed_s)
            self._voted_s[kind] = time_s
        if hands.masks is not None:
            self._shown = _Shown(hands.masks.at(row), self.box_xyxy)
