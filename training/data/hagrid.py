# SPDX-License-Identifier: Apache-2.0
"""Reader of the HaGRID v1 layout: `ann_<split>/<gesture>.json` beside `<split>/<gesture>/<id>.jpg`.

Source: Kapitanov et al., "HaGRID - HAnd Gesture Recognition Image Dataset", WACV 2024.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from edge.errors import SourceError
from edge.strict_model import first_problem
from training.data.pictures import glance_at
from training.data.sample import HandSample

HAGRID_V1_GESTURES = (
    "call", "dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "peace_inverted", "rock", "stop",
    "stop_inverted", "three", "three2", "two_up", "two_up_inverted", "no_gesture",
)  # fmt: skip


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
    bboxes: list[tuple[float, float, float, float]]
    labels: list[str]
    leading_hand: str | None = None
    user_id: str

    @model_validator(mode="after")
    def _one_label_a_box(self) -> _Annotation:
        if len(self.bboxes) != len(self.labels):
            raise ValueError(f"expected one label a box, got {len(self.labels)} labels for {len(self.bboxes)} boxes")
        return self


_FILE = TypeAdapter(dict[str, _Annotation])


def read_hagrid(folder: Path, split: str, *, licence: str = "not stated") -> list[HandSample]:
    """Read one split ("train_val", "test"); `group` is the user, `handedness` that of the hand that makes the gesture.

    Raises `SourceError` when the split is missing, an annotation is malformed or a picture cannot be read.
    """
    files = sorted((folder / f"ann_{split}").glob("*.json"))
    if not files:
        raise SourceError(f"{folder / f'ann_{split}'} holds no annotation; expected the HaGRID v1 layout")
    return [
        _sample(folder / split / file.stem / f"{name}.jpg", annotation, split=split, licence=licence)
        for file in files
        for name, annotation in _annotations(file).items()
    ]


def _annotations(file: Path) -> dict[str, _Annotation]:
    try:
        return _FILE.validate_json(file.read_bytes())
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}; check its permissions") from error
    except ValidationError as error:
        raise SourceError(f"{file} is not a HaGRID v1 annotation: {first_problem(error)}") from error


def _sample(path: Path, annotation: _Annotation, *, split: str, licence: str) -> HandSample:
    glance = glance_at(path)
    width_px, height_px = glance.width_px, glance.height_px
    gesture, labels = path.parent.name, annotation.labels
    count = len(labels)
    boxes = np.array(annotation.bboxes, np.float32).reshape(count, 4)
    boxes[:, 2:] += boxes[:, :2]
    # Two hands that make the gesture do not say which of them leads.
    leading = annotation.leading_hand if labels.count(gesture) == 1 else None
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
        gestures=tuple(labels),
        handedness=tuple(leading if label == gesture else None for label in labels),
        outlines=(None,) * count,
    )
