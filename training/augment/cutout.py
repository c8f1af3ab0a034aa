# SPDX-License-Identifier: Apache-2.0
"""Hands cut out of their pictures by their outlines, ready to be pasted into others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from training.augment.placement import (
    Affine,
    Picture,
    TrainingScene,
    clipped,
    corner_to_centre,
    moved_boxes,
    placement,
    reduced,
)
from training.data.sample import FloatArray, HandSample

TRIES = 6
COVERED_LIMIT = 0.3
LARGEST_ENLARGEMENT = 2.5


@dataclass(frozen=True, slots=True)
class CutOut:
    """One hand: `picture` (H, W, 3) BGR, `opacity` (H, W) uint8, and a `sample` of that single hand."""

    picture: Picture
    opacity: Picture
    sample: HandSample


def cut_out(sample: HandSample, index: int, picture: Picture) -> CutOut | None:
    """Return hand `index` of the sample, or None where its outline is unknown or implausible."""
    outline = sample.outlines[index]
    if outline is None or sample.ignored[index]:
        return None
    x1, y1, x2, y2 = sample.boxes_xyxy[index]
    margin = 0.1 * max(x2 - x1, y2 - y1)
    left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
    right, bottom = int(min(sample.width_px, x2 + margin)), int(min(sample.height_px, y2 + margin))
    if right <= left or bottom <= top or margin <= 0:
        return None
    opacity = np.zeros((bottom - top, right - left), np.uint8)
    origin = np.array([left, top], np.float32)
    cv2.fillPoly(opacity, [np.round(outline - origin).astype(np.int32)], 255)
    if not 0.25 < np.count_nonzero(opacity) / ((x2 - x1) * (y2 - y1)) < 1.1:
        return None
    single = replace(
        sample,
        width_px=right - left,
        height_px=bottom - top,
        boxes_xyxy=sample.boxes_xyxy[index : index + 1] - np.tile(origin, 2),
        ignored=np.zeros(1, np.bool_),
        keypoints=sample.keypoints[index : index + 1] - origin,
        gestures=(sample.gestures[index],),
        handedness=(sample.handedness[index],),
        outlines=(None,),
        holding=(),
    )
    softened = np.asarray(cv2.GaussianBlur(opacity, (3, 3), 0), np.uint8)
    return CutOut(picture[top:bottom, left:right], softened, single)


def pasted(rng: np.random.Generator, scene: TrainingScene, hand: CutOut, *, span_px: float) -> TrainingScene:
    """Return the scene with the hand at a random place where it hides no other; unchanged when there is none."""
    height, width = scene.picture.shape[:2]
    box = hand.sample.boxes_xyxy[0]
    span = float(max(box[2] - box[0], box[3] - box[1]))
    scale = min(span_px / span, LARGEST_ENLARGEMENT)
    middle = (box[:2] + box[2:]) / 2
    for _ in range(TRIES):
        matrix = placement(
            scale_xy=(scale * rng.uniform(0.9, 1.1), scale),
            angle_rad=rng.normal(0, 0.5) if rng.random() < 0.8 else rng.uniform(-np.pi, np.pi),
            mirrored=bool(rng.random() < 0.5),
            source=middle,
            target=rng.uniform(0.05, 0.95, 2) * (width, height),
        )
        new = moved_boxes(hand.sample, matrix)
        if _covered(scene, new[0]) < COVERED_LIMIT:
            picture = blend(scene.picture, _toned(rng, hand.picture), hand.opacity, matrix)
            boxes = np.concatenate([scene.boxes_xyxy, new])
            boxes, ignored = clipped(boxes, np.append(scene.ignored, False), width, height)
            return TrainingScene(picture, boxes, ignored)
    return scene


def _covered(scene: TrainingScene, box: FloatArray) -> float:
    """Return the largest share of another hand's box that lies under `box` (4,)."""
    if not len(scene.boxes_xyxy):
        return 0.0
    low = np.maximum(scene.boxes_xyxy[:, :2], box[:2])
    high = np.minimum(scene.boxes_xyxy[:, 2:], box[2:])
    areas = (scene.boxes_xyxy[:, 2:] - scene.boxes_xyxy[:, :2]).prod(1)
    return float((np.clip(high - low, 0, None).prod(1) / np.maximum(areas, 1e-6)).max())


def _toned(rng: np.random.Generator, picture: Picture) -> Picture:
    """Give the skin another tone: pictures of hands show far fewer tones than hands have."""
    levels = np.linspace(0, 1, 256, dtype=np.float32) ** float(np.exp(rng.normal(0.15, 0.5)))
    warmth = np.array([rng.uniform(0.8, 1.1), 1.0, rng.uniform(0.9, 1.15)], np.float32)
    table = np.clip(levels[:, None] * warmth * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(np.ascontiguousarray(picture), table[:, None, :]), np.uint8)


def blend(canvas: Picture, picture: Picture, opacity: Picture, matrix: Affine) -> Picture:
    """Return the canvas with a picture drawn on it by `matrix`, as far as its `opacity` (H, W) uint8 covers it."""
    where = canvas.shape[1::-1]
    small, map_small = reduced(picture, matrix)
    warped = cv2.warpAffine(small, corner_to_centre(map_small), where, borderMode=cv2.BORDER_REPLICATE)
    small, map_small = reduced(opacity, matrix)
    alpha = cv2.warpAffine(small, corner_to_centre(map_small), where)[..., None].astype(np.uint16)
    return np.asarray((canvas * (255 - alpha) + warped * alpha + 127) // 255, np.uint8)
