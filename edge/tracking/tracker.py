# SPDX-License-Identifier: Apache-2.0
"""`Tracker`: the hands of one source, from frame to frame."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge.masks import Masks
from edge.results import Hands, Labels
from edge.tracking.assignment import assigned
from edge.tracking.forecast import FOUND, Forecast
from edge.tracking.settings import TrackingSettings
from edge.tracking.track import KINDS, Box, Track

MOST_COST = 1.0
"""A hand farther from where it should be, in hand-widths, or of more than e times the size, is another one."""

_LEAST_PRESENCE = 1e-6


class Tracker:
    """Gives hands numbers that they keep, labels by vote, and places without jitter; takes frames in their order.

    `numbers` are those to give; sources that share them have no number in common. `trust` is the weight of presence
    in the scores of hands, which tells the detector's part of them; no hand scores less than `least_score`.
    """

    def __init__(
        self,
        settings: TrackingSettings | None = None,
        *,
        numbers: Iterator[int] | None = None,
        trust: float = 0.0,
        least_score: float = 0.0,
    ) -> None:
        self._settings = TrackingSettings() if settings is None else settings
        self._numbers = itertools.count() if numbers is None else numbers
        self._trust, self._least_score = trust, least_score
        self._tracks: list[Track] = []
        self._detected_s = -math.inf
        self.forecast = Forecast.nothing()

    def told(self, hands: Hands, time_s: float) -> Hands:
        """Return the hands of the next frame with what is known of them from the frames before.

        Where `track_ids` are given, hands were looked for where the forecast had the hand of that number, but for those
        that the detector found, which are `FOUND`. `forecast` is then that after this frame.
        """
        given = [FOUND] * len(hands) if hands.track_ids is None else hands.track_ids.tolist()
        if hands.track_ids is None or FOUND in given:
            self._detected_s = time_s
        kept_s = self._settings.lose_after_s
        self._tracks = [track for track in self._tracks if time_s - track.seen_s <= kept_s]
        tracks = [track or self._born() for track in self._of(hands, given, time_s)]
        points = []
        for row, (track, number) in enumerate(zip(tracks, given, strict=True)):
            if number == FOUND:
                track.found(self._score(hands, row), time_s)
            points.append(track.see(hands, row, time_s))
        self.forecast = self._forecast(time_s)
        return self._rewritten(hands, tracks, points)

    def _born(self) -> Track:
        track = Track(next(self._numbers), self._settings, least_score=self._least_score)
        self._tracks.append(track)
        return track

    def _of(self, hands: Hands, given: Sequence[int], time_s: float) -> list[Track | None]:
        """Return the track of each hand, None for a new one."""
        known = {track.number: track for track in self._tracks}
        tracks = [known.get(number) for number in given]
        rest = [row for row, track in enumerate(tracks) if track is None]
        taken = {track.number for track in tracks if track is not None}
        free = [track for track in self._tracks if track.number not in taken]
        if rest and free:
            boxes = hands.boxes_xyxy.tolist()
            there = [(track.box_at(time_s).tolist()) for track in free]
            costs = [[_cost(boxes[row], box) for box in there] for row in rest]
            for place, column in assigned(costs, most=MOST_COST):
                tracks[rest[place]] = free[column]
        return tracks

    def _score(self, hands: Hands, row: int) -> float:
        """Return the detector's part of a score."""
        score = float(hands.scores[row])
        if self._trust and hands.presence is not None:
            presence = max(float(hands.presence[row]), _LEAST_PRESENCE)
            score = (score / presence**self._trust) ** (1 / (1 - self._trust))
        return min(score, 1.0)

    def _forecast(self, time_s: float) -> Forecast:
        tracks = self._tracks
        if not tracks:
            return Forecast.nothing(time_s=time_s, detected_s=self._detected_s)
        confirm_s = self._settings.confirm_s
        return Forecast(
            time_s,
            np.array([track.number for track in tracks], np.int64),
            np.array([track.box_at(time_s) for track in tracks]),
            np.array([track.speed for track in tracks]),
            np.array([track.anchor_xyxy for track in tracks]),
            np.array([track.shift for track in tracks]),
            np.array([track.found_s for track in tracks]),
            np.array([track.found_score for track in tracks], np.float32),
            seen=np.array([track.seen_s == time_s for track in tracks]),
            confirmed=np.array([track.seen_s - track.first_s >= confirm_s for track in tracks]),
            newest_s=max(track.first_s for track in tracks),
            detected_s=self._detected_s,
        )

    def _rewritten(self, hands: Hands, tracks: Sequence[Track], points: Sequence[Box]) -> Hands:
        ids = np.array([track.number for track in tracks], np.int64)
        if not tracks:
            return replace(hands, track_ids=ids)
        smoothed = np.array(points, np.float32)
        corners = smoothed[:, :2]
        keypoints = hands.keypoints
        if keypoints is not None:
            keypoints = np.concatenate([smoothed[:, 2:], keypoints[..., 2:]], axis=2)
        boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        labels = {kind: _elected(kind, tracks) for kind in KINDS}
        rewritten = replace(
            hands,
            boxes_xyxy=boxes,
            keypoints=keypoints,
            track_ids=ids,
            masks=_masks(hands, tracks),
            gestures=labels["gestures"],
            handedness=labels["handedness"],
            holding=labels["holding"],
            poses=labels["poses"],
        )
        sure = [row for row, track in enumerate(tracks) if track.is_sure]
        return rewritten if len(sure) == len(tracks) else rewritten[sure]


def _cost(box: Sequence[float], there: Sequence[float]) -> float:
    """Return how far one box is from another in hand-widths, and how much they differ in size."""
    sides_px = [max(x2 - x1, y2 - y1, 1.0) for x1, y1, x2, y2 in (box, there)]
    x_px = (box[0] + box[2] - there[0] - there[2]) / 2
    y_px = (box[1] + box[3] - there[1] - there[3]) / 2
    return math.hypot(x_px, y_px) / math.sqrt(sides_px[0] * sides_px[1]) + abs(math.log(sides_px[0] / sides_px[1])) / 2


def _elected(kind: str, tracks: Sequence[Track]) -> Labels | None:
    names = next((names for track in tracks if (names := track.names(kind)) is not None), None)
    if names is None:
        return None
    elected = [track.elected(kind) for track in tracks]
    ids: NDArray[np.int64] = np.array([label_id for label_id, _ in elected], np.int64)
    return Labels(names, ids, np.array([score for _, score in elected], np.float32))


def _masks(hands: Hands, tracks: Sequence[Track]) -> Masks | None:
    """Return the masks of this frame, else the last ones of the tracks if each has one."""
    if hands.masks is not None:
        return hands.masks
    masks = [mask for track in tracks if (mask := track.mask()) is not None]
    if not masks or len(masks) < len(tracks):
        return None
    return Masks(np.stack([mask.logits for mask in masks]), np.stack([mask.picture_from_grid for mask in masks]))
