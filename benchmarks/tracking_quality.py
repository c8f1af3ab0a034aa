# SPDX-License-Identifier: Apache-2.0
"""How well hands are followed through rendered scenes, where the truth is exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from edge import _native
from edge.geometry import iou_matrix
from edge.pipeline import Pipeline
from edge.results import FrameResult, Hands
from edge.scene import Scene
from edge.scene.truth import SceneTruth
from edge.sources.arrays import ArraySource

FPS = 30.0
LEAST_IOU = 0.5
LAGS_FRAMES = np.linspace(-1, 3, 81)
GRAIN = 3.0


@dataclass(frozen=True, slots=True)
class Quality:
    """Hands found and followed; `iou` of boxes found, `keypoint_error` in hand-widths, `switches` of their numbers."""

    recall: float
    precision: float
    iou: float
    keypoint_error: float
    switches: int
    hands: int

    def to_dict(self) -> dict[str, float]:
        """Return the figures for JSON."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames of a scene and their truths."""

    frames: Sequence[NDArray[np.uint8]]
    truths: Sequence[SceneTruth]


def clip_from_scene(*, hands: int, seed: int, frames: int, slowness: float = 1.0) -> Clip:
    """Return a rendered clip; `slowness` above 1 is slow motion."""
    scene = Scene(640, 480, hands=hands, seed=seed, fps=FPS)
    rendered = [scene.render(number / FPS / slowness) for number in range(frames)]
    return Clip([frame.bgr for frame in rendered], [frame.truth for frame in rendered])


def still_clip(*, seed: int, frames: int) -> Clip:
    """Return a clip in which nothing moves but the grain of the sensor."""
    shown = Scene(640, 480, hands=1, seed=seed, fps=FPS, noise=0).render(0.4)
    pictures = []
    for number in range(frames):
        picture = shown.bgr.copy()
        _native.add_grain(picture, GRAIN, number)
        pictures.append(picture)
    return Clip(pictures, [shown.truth] * frames)


def results_of(pipeline: Pipeline, clip: Clip) -> list[FrameResult]:
    """Return what a pipeline tells of a clip."""
    return list(pipeline.run(ArraySource(clip.frames, fps=FPS, continuous=True)))


def quality_of(results: Iterable[tuple[Hands, SceneTruth]]) -> Quality:
    """Return the figures over the frames of one clip."""
    found = claimed = there = switches = 0
    overlaps: list[float] = []
    errors: list[float] = []
    number_of: dict[str, int] = {}
    for hands, truth in results:
        claimed, there = claimed + len(hands), there + len(truth)
        for row, own in _pairs(hands, truth):
            found += 1
            box = truth.boxes_xyxy[own]
            overlaps.append(float(iou_matrix(hands.boxes_xyxy[[row]], box[None])[0, 0]))
            errors.append(_keypoint_error(hands, row, truth, own))
            if hands.track_ids is not None:
                # The scene has one left and one right hand.
                before = number_of.get(truth.handedness[own])
                switches += int(before is not None and before != hands.track_ids[row])
                number_of[truth.handedness[own]] = int(hands.track_ids[row])
    return Quality(
        recall=found / max(there, 1),
        precision=found / max(claimed, 1),
        iou=float(np.mean(overlaps)) if overlaps else 0.0,
        keypoint_error=float(np.mean(errors)) if errors else 0.0,
        switches=switches,
        hands=there,
    )


def jitter_of(results: Sequence[FrameResult]) -> float:
    """Return the root mean square of how far keypoints move from frame to frame, in thousandths of a hand-width."""
    hands = [result.hands for result in results if len(result.hands)]
    places = np.array([of_frame.keypoints[0, :, :2] for of_frame in hands if of_frame.keypoints is not None])
    box = hands[-1].boxes_xyxy[0]
    width_px = max(box[2] - box[0], box[3] - box[1])
    return float(1000 * np.sqrt((np.diff(places, axis=0) ** 2).sum(-1).mean()) / width_px)


def lag_of(smoothed: Sequence[FrameResult], raw: Sequence[FrameResult]) -> float:
    """Return by how many frames the middle of the keypoints is later in one run than in another of the same clip."""
    pairs = [(a.hands, b.hands) for a, b in zip(smoothed, raw, strict=True)]
    known = [(a.keypoints, b.keypoints) for a, b in pairs if len(a) == len(b) == 1]
    late, true = (np.array([of[place] for of in known])[:, 0, :, :2].mean(1) for place in (0, 1))
    times = np.arange(len(true), dtype=float)
    inner = slice(5, len(true) - 5)
    errors = [
        sum(((np.interp(times - lag, times, true[:, axis]) - late[:, axis])[inner] ** 2).sum() for axis in (0, 1))
        for lag in LAGS_FRAMES
    ]
    return float(LAGS_FRAMES[int(np.argmin(errors))])


def _pairs(hands: Hands, truth: SceneTruth) -> list[tuple[int, int]]:
    """Return (row of hands, row of truth) of those that overlap enough, best first, each once."""
    overlaps = iou_matrix(hands.boxes_xyxy, truth.boxes_xyxy)
    pairs = []
    while overlaps.size and overlaps.max() >= LEAST_IOU:
        row, own = (int(index) for index in np.unravel_index(overlaps.argmax(), overlaps.shape))
        pairs.append((row, own))
        overlaps[row], overlaps[:, own] = -1, -1
    return pairs


def _keypoint_error(hands: Hands, row: int, truth: SceneTruth, own: int) -> float:
    box = truth.boxes_xyxy[own]
    if hands.keypoints is None:
        return float("nan")
    away = np.linalg.norm(hands.keypoints[row, :, :2] - truth.keypoints_xy[own], axis=1)
    visible = truth.keypoints_visible[own]
    return float(away[visible].mean() / max(box[2] - box[0], box[3] - box[1])) if visible.any() else 0.0
