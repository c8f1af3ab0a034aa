# SPDX-License-Identifier: Apache-2.0
"""HaGRID's small hand detector as a teacher: boxes for hands that a set's own labels miss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge._native import nms
from edge.sources.picture import pixels_from_file
from training.augment.placement import Picture
from training.data.catalogue import teacher_key
from training.data.sample import BoolArray, FloatArray, HandSample
from training.teacher.session import session_from_file

INPUT_HW = (240, 320)
LOWEST_SCORE = 0.35
NMS_IOU = 0.5
TILE_FRACTION = 0.6
SOURCE = "hand_detector.onnx of ai-forever/dynamic_gestures at f073b25 (Apache-2.0), trained on HaGRIDv2"

View = tuple[int, int, int, int]


class TeacherDetector:
    """Finds hands in the whole picture and in four overlapping quarters, where small ones are larger.

    Raises `SourceError` when `model` cannot be read.
    """

    def __init__(self, model: Path) -> None:
        self._session = session_from_file(model)

    def __call__(self, picture: Picture, *, tiled: bool) -> tuple[FloatArray, FloatArray]:
        """Return boxes (K, 4) float32 xyxy in pixels and scores (K,) of one BGR picture."""
        height, width = picture.shape[:2]
        views = [(0, 0, width, height), *(_quarters(width, height) if tiled else ())]
        found = [self._view(picture, view) for view in views]
        boxes = np.concatenate([boxes for boxes, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        kept = nms(boxes, scores, NMS_IOU, 50)
        return boxes[kept], scores[kept]

    def _view(self, picture: Picture, view: View) -> tuple[FloatArray, FloatArray]:
        left, top, right, bottom = view
        resized = cv2.resize(picture[top:bottom, left:right], INPUT_HW[::-1], interpolation=cv2.INTER_AREA)
        tensor = (cv2.cvtColor(resized, cv2.COLOR_BGR2RGB).transpose(2, 0, 1)[None].astype(np.float32) - 127) / 128
        outputs: Sequence[Any] = self._session.run(["boxes", "scores"], {"input": tensor})
        boxes, scores = outputs
        kept = scores >= LOWEST_SCORE
        scaled = np.clip(boxes[kept], 0, 1) * np.array([right - left, bottom - top] * 2, np.float32)
        whole = (scaled[:, 2:] > scaled[:, :2]).all(1)
        inside = _clear_of_cuts(scaled, view, picture.shape[1], picture.shape[0]) & whole
        shift = np.array([left, top, left, top], np.float32)
        return (scaled[inside] + shift).astype(np.float32), scores[kept][inside].astype(np.float32)


def _quarters(width: int, height: int) -> list[View]:
    w, h = int(width * TILE_FRACTION), int(height * TILE_FRACTION)
    return [(x, y, x + w, y + h) for y in (0, height - h) for x in (0, width - w)]


def _clear_of_cuts(boxes: FloatArray, view: View, width: int, height: int) -> BoolArray:
    """Tell which boxes touch no edge where the view was cut: one there may show half a hand."""
    left, top, right, bottom = view
    low = np.array([-np.inf if left == 0 else 2, -np.inf if top == 0 else 2])
    high = np.array([np.inf if right == width else right - left - 2, np.inf if bottom == height else bottom - top - 2])
    return np.asarray((boxes[:, :2] >= low).all(1) & (boxes[:, 2:] <= high).all(1))


def teacher_boxes(teacher: TeacherDetector, samples: Sequence[HandSample], root: Path) -> dict[str, list[list[float]]]:
    """Return rows x1, y1, x2, y2, score by picture; pictures of people are also seen in quarters."""
    rows: dict[str, list[list[float]]] = {}
    for sample in samples:
        tiled = "people" in f"{sample.dataset}/{sample.path.name}"
        boxes, scores = teacher(pixels_from_file(sample.path), tiled=tiled)
        if len(boxes):
            values = np.concatenate([boxes, scores[:, None]], axis=1)
            rows[teacher_key(sample.path, root)] = [[round(float(v), 2) for v in row] for row in values]
    return rows
