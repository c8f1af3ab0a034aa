# SPDX-License-Identifier: Apache-2.0
"""How well boxes are found: COCO's average precision, recall and precision, and the mistakes one by one."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_coco_eval import COCO, COCOeval_faster

from edge.geometry import iou_matrix
from training.data.sample import BoolArray, FloatArray

MATCH_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector found in one picture: `boxes_xyxy` (K, 4) and `scores` (K,), float32."""

    boxes_xyxy: FloatArray
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one picture holds: `boxes_xyxy` (N, 4) float32 and `ignored` (N,) bool."""

    boxes_xyxy: FloatArray
    ignored: BoolArray


def detection_figures(found: Sequence[Found], wanted: Sequence[Wanted], min_score: float) -> dict[str, float]:
    """Return what `average_precision` says of all boxes and `recall_precision` of those that score `min_score`."""
    return average_precision(found, wanted) | recall_precision(found, wanted, min_score)


def average_precision(found: Sequence[Found], wanted: Sequence[Wanted]) -> dict[str, float]:
    """Return COCO's AP (IoU 0.50 to 0.95) and AP50 in 0..1, by faster-coco-eval; ignored regions are `iscrowd`."""
    images = [{"id": number} for number in range(len(wanted))]
    truth = [
        _coco_box(number, box) | {"id": 0, "iscrowd": int(crowd)}
        for number, item in enumerate(wanted)
        for box, crowd in zip(item.boxes_xyxy, item.ignored, strict=True)
    ]
    truth = [entry | {"id": number + 1} for number, entry in enumerate(truth)]
    guesses = [
        _coco_box(number, box) | {"score": float(score)}
        for number, item in enumerate(found)
        for box, score in zip(item.boxes_xyxy, item.scores, strict=True)
    ]
    if not guesses or not any(not entry["iscrowd"] for entry in truth):
        return {"ap": 0.0, "ap50": 0.0}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO({"images": images, "annotations": truth, "categories": [{"id": 1, "name": "hand"}]})
        evaluation = COCOeval_faster(coco, coco.loadRes(guesses), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {"ap": float(evaluation.stats[0]), "ap50": float(evaluation.stats[1])}


def _coco_box(image: int, box: FloatArray) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(value) for value in box)
    width, height = x2 - x1, y2 - y1
    return {"image_id": image, "category_id": 1, "bbox": [x1, y1, width, height], "area": width * height}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a detector made of one picture from a threshold on, best score first.

    `hit` (K,) bool marks boxes that are a hand at IoU 0.5, `excused` (K,) those that lie in an ignored region instead;
    the others are false. `missed_xyxy` (M, 4) are the hands that no box hit.
    """

    boxes_xyxy: FloatArray
    scores: FloatArray
    hit: BoolArray
    excused: BoolArray
    missed_xyxy: FloatArray


def judged(found: Found, wanted: Wanted, min_score: float) -> Judged:
    """Match the boxes that score `min_score` or more with the hands at IoU 0.5; the best score matches first.

    Ignored regions need not be found, and a box that lies more than half inside one is no mistake.
    """
    rows = np.argsort(-found.scores, kind="stable")
    rows = rows[found.scores[rows] >= min_score]
    boxes, regions = found.boxes_xyxy[rows], wanted.boxes_xyxy[wanted.ignored]
    real = wanted.boxes_xyxy[~wanted.ignored]
    owner = _matched(boxes, real)
    hit = owner >= 0
    excused = ~hit & _mostly_inside(boxes, regions)
    return Judged(boxes, found.scores[rows], hit, excused, np.delete(real, owner[hit], axis=0))


def recall_precision(found: Sequence[Found], wanted: Sequence[Wanted], min_score: float) -> dict[str, float]:
    """Return recall and precision at IoU 0.5 of the boxes that score `min_score` or more, as `judged`."""
    pictures = [judged(own, item, min_score) for own, item in zip(found, wanted, strict=True)]
    hits = sum(int(picture.hit.sum()) for picture in pictures)
    hands = sum(int((~item.ignored).sum()) for item in wanted)
    guesses = sum(int((~picture.excused).sum()) for picture in pictures)
    return {"recall": hits / max(1, hands), "precision": hits / max(1, guesses), "hands": float(hands)}


def _matched(boxes: FloatArray, real: FloatArray) -> npt.NDArray[np.int64]:
    """Return the row of the hand that each box hits, -1 for none."""
    owner = np.full(len(boxes), -1, np.int64)
    if not len(real) or not len(boxes):
        return owner
    overlap = iou_matrix(boxes, real)
    for row in range(len(boxes)):
        best = int(overlap[row].argmax())
        if overlap[row, best] >= MATCH_IOU:
            owner[row] = best
            overlap[:, best] = -1
    return owner


def _mostly_inside(boxes: FloatArray, regions: FloatArray) -> BoolArray:
    if not len(regions) or not len(boxes):
        return np.zeros(len(boxes), np.bool_)
    low = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(-1), 1e-6)
    return np.asarray((shared / areas[:, None]).max(1) > 0.5)
