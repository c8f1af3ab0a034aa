# SPDX-License-Identifier: Apache-2.0
"""HaGRID's small hand detector (ai-forever/dynamic_gestures, `hand_detector.onnx`) as a `Detector`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper

from benchmarks.detector import found_from_lists
from edge.errors import ModelError
from edge.sources.picture import pixels_from_file
from training.metrics import Found

INPUT_WIDTH_PX, INPUT_HEIGHT_PX = 320, 240


class HagridDetector:
    """The graph as published, except that its score threshold is lowered so that a precision curve can be drawn."""

    name = "hagrid-hand-detector"
    curve_min_score = 0.01

    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        self.min_score = _replace_threshold(model, self.curve_min_score)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {
            "source": "ai-forever/dynamic_gestures at f073b25",
            "onnxruntime": onnxruntime.__version__,
            "min_score": self.min_score,
            "curve_min_score": self.curve_min_score,
        }

    def __call__(self, picture: Path) -> Found:
        """Return the decoded boxes; raises `SourceError` when the picture cannot be read."""
        bgr = pixels_from_file(picture)
        boxes, scores = self._session.run(["boxes", "scores"], {"input": tensor_from_picture(bgr)})
        height_px, width_px = bgr.shape[:2]
        pixels = np.array([width_px, height_px, width_px, height_px], np.float32)
        return found_from_lists(np.asarray(boxes) * pixels, scores)


def tensor_from_picture(bgr: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the network's input (1, 3, 240, 320), the whole picture stretched."""
    rgb = cv2.cvtColor(cv2.resize(bgr, (INPUT_WIDTH_PX, INPUT_HEIGHT_PX)), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(((rgb.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None])


def _replace_threshold(model: onnx.ModelProto, min_score: float) -> float:
    """Set the constant that scores are compared with and return the one that was there."""
    compared = [node.input[1] for node in model.graph.node if node.op_type == "Greater"]
    for constant in model.graph.initializer:
        if constant.name in compared:
            published = float(numpy_helper.to_array(constant))
            constant.CopyFrom(numpy_helper.from_array(np.array(min_score, np.float32), constant.name))
            return round(published, 4)
    raise ModelError("the graph compares its scores with no constant; expected dynamic_gestures' hand_detector.onnx")
