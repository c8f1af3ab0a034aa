# SPDX-License-Identifier: Apache-2.0
"""HaGRID's small gesture classifier (ai-forever/dynamic_gestures, `crops_classifier.onnx`) as a `Classifier`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from benchmarks.classifier import HandAnswer
from training.data.hagrid_gestures import HAGRID_V1_GESTURES
from training.data.sample import FloatArray
from training.teacher.classifier import CLASSES

INPUT_SIDE_PX = 128


class HagridClassifier:
    """The graph as published: the best of its 45 classes, named as HaGRID v1 names it."""

    name = "hagrid-crops-classifier"

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {
            "source": "ai-forever/dynamic_gestures at f073b25",
            "onnxruntime": onnxruntime.__version__,
            "classes": "the 18 names of HaGRID v1 as they are, the other 27 as no_gesture",
        }

    def __call__(self, bgr: npt.NDArray[np.uint8], boxes_xyxy: FloatArray) -> tuple[HandAnswer, ...]:
        """Return one HaGRID v1 name a box, and no handedness."""
        if not len(boxes_xyxy):
            return ()
        crops = np.stack([crop(bgr, box) for box in boxes_xyxy])
        (scores,) = self._session.run(["labels"], {"input": crops})
        return tuple(HandAnswer(hagrid_v1_name(CLASSES[best]), None) for best in np.asarray(scores).argmax(axis=1))


def hagrid_v1_name(own_name: str) -> str:
    """Return the HaGRID v1 class of one of `CLASSES`.

    A name of v1 means the same there; every other one (pointing hands, hands in motion, additions of v2) is no gesture.
    """
    return own_name if own_name in HAGRID_V1_GESTURES else "no_gesture"


def crop(bgr: npt.NDArray[np.uint8], box_xyxy: FloatArray) -> FloatArray:
    """Return the network's (3, 128, 128) input: the square around the box, cut at the picture's border."""
    centre, half = (box_xyxy[:2] + box_xyxy[2:]) / 2, (box_xyxy[2:] - box_xyxy[:2]).max() / 2
    limits = np.array([bgr.shape[1], bgr.shape[0]])
    left, top = np.clip(centre - half, 0, limits - 1).astype(int)
    right, bottom = np.clip(centre + half, (left + 1, top + 1), limits).astype(int)
    crop = cv2.resize(bgr[top:bottom, left:right], (INPUT_SIDE_PX, INPUT_SIDE_PX))
    rgb = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB).astype(np.float32)
    return np.ascontiguousarray(((rgb - 127.0) / 128.0).transpose(2, 0, 1))
