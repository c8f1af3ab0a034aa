# SPDX-License-Identifier: Apache-2.0
"""HaGRID's small crop classifier as a teacher: soft gesture targets for any crop of a hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.errors import UsageError
from training.augment.placement import Picture
from training.data.sample import FloatArray
from training.teacher.session import session_from_file

SIDE_PX = 128
MARGINS = (0.0, 0.1)
SOURCE = "crops_classifier.onnx of ai-forever/dynamic_gestures at f073b25 (Apache-2.0), trained on HaGRIDv2"
# In the order of its outputs.
CLASSES = (
    "hand_down", "hand_right", "hand_left", "thumb_index", "thumb_left", "thumb_right", "thumb_down", "half_up",
    "half_left", "half_right", "half_down", "part_hand_heart", "part_hand_heart2", "fist_inverted", "two_left",
    "two_right", "two_down", "grabbing", "grip", "point", "call", "three3", "little_finger", "middle_finger",
    "dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "peace_inverted", "rock", "stop",
    "stop_inverted", "three", "three2", "two_up", "two_up_inverted", "three_gun", "one_left", "one_right", "one_down",
)  # fmt: skip


class TeacherClassifier:
    """Answers with a distribution over our gesture names; what has no name among them is "no_gesture".

    Raises `SourceError` when `model` cannot be read and `UsageError` when `gestures` lack "no_gesture".
    """

    def __init__(self, model: Path, gestures: Sequence[str]) -> None:
        if "no_gesture" not in gestures:
            raise UsageError("a recipe with a teacher needs the gesture 'no_gesture' for what the others do not name")
        self._session = session_from_file(model)
        columns = [gestures.index(name if name in gestures else "no_gesture") for name in CLASSES]
        self._merge = np.eye(len(gestures), dtype=np.float32)[columns]

    def answer(self, picture: Picture, box_xyxy: FloatArray) -> FloatArray:
        """Return (gestures,) float32 for one hand: the mean over crops of several sizes and their mirror images."""
        crops = [square_crop_of(picture, box_xyxy, margin) for margin in MARGINS]
        return np.asarray(self([*crops, *(crop[:, ::-1] for crop in crops)]).mean(0))

    def __call__(self, crops: Sequence[Picture]) -> FloatArray:
        """Return (N, gestures) float32 probabilities for square BGR crops."""
        tensors = [
            cv2.cvtColor(cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
            for crop in crops
        ]
        batch = (np.stack(tensors).transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128
        logits = np.asarray(self._session.run(["labels"], {"input": batch})[0], np.float32)
        weights = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(weights / weights.sum(1, keepdims=True) @ self._merge, np.float32)


def square_crop_of(picture: Picture, box_xyxy: FloatArray, margin: float) -> Picture:
    """Return the square about a box, its longer side grown by `margin` of itself on both sides, cut at the picture."""
    x1, y1, x2, y2 = (float(value) for value in box_xyxy)
    half = max(x2 - x1, y2 - y1) * (0.5 + margin)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    return picture[top : max(top + 1, round(y + half)), left : max(left + 1, round(x + half))]
