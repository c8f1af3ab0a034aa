# SPDX-License-Identifier: Apache-2.0
"""Reader of the HaGRID v1 layout: `ann_<split>/<gesture>.json` beside `<split>/<gesture>/<id>.jpg`.

Source: Kapitanov et al., "HaGRID - HAnd Gesture Recognition Image Dataset", WACV 2024.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import SourceError
from training.data.sample import HandSample

HAGRID_V1_GESTURES = (
    "call", "dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "peace_inverted", "rock", "stop",
    "stop_inverted", "three", "three2", "two_up", "two_up_inverted", "no_gesture",
)  # fmt: skip


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    bboxes: list[tuple[float, float, float, float]]
    labels: list[str]
    leading_hand: str | None = None
    leading_conf: float | None = None
    user_id: str


def read_hagrid(folder: Path, split: str, *, licence: str = "not stated") -> list[HandSample]:
    """Read one split ("train_val", "test"); `group` is the user, `handedness` belongs to the hand that makes the gesture.

    Raises `SourceError` when the split is missing, an annotation is malformed or a picture cannot be read.
    """
    files = sorted((folder / f"ann_{split}").glob("*.json"))
    if not files:
        raise SourceError(f"{folder / f'ann_{split}'} holds no annotation; expected the HaGRID v1 layout")
    samples = []
    for file in files:
        for name, raw in json.loads(file.read_text(encoding="utf-8")).items():
            try:
                annotation = _Annotation.model_validate(raw)
            except ValidationError as error:
                raise SourceError(f"{file}: {name} is not a HaGRID v1 annotation: {error.errors()[0]['msg']}") from error
            samples.append(_sample(folder / split / file.stem / f"{name}.jpg", annotation, split, licence, file.stem))
    return samples


def _sample(path: Path, annotation: _Annotation, split: str, licence: str, gesture: str) -> HandSample:
    import cv2

    picture = cv2.imread(str(path)) if path.exists() else None
    if picture is None:
        raise SourceError(f"{path} is missing or unreadable; download the pictures of this split again")
    height_px, width_px = picture.shape[:2]
    count = len(annotation.bboxes)
    boxes = np.array(annotation.bboxes, np.float32).reshape(count, 4)
    boxes[:, 2:] += boxes[:, :2]
    leading = tuple(
        annotation.leading_hand if label == gesture and annotation.labels.count(gesture) == 1 else None
        for label in annotation.labels
    )
    return HandSample(
        path=path.resolve(),
        dataset="hagrid",
        licence=licence,
        split="test" if split == "test" else "train",
        group=annotation.user_id,
        width_px=width_px,
        height_px=height_px,
        boxes_xyxy=boxes * np.array([width_px, height_px] * 2, np.float32),
        ignored=np.zeros(count, np.bool_),
        keypoints=np.full((count, 21, 2), np.nan, np.float32),
        gestures=tuple(annotation.labels),
        handedness=leading,
        outlines=(None,) * count,
    )
