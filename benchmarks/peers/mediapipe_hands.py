# SPDX-License-Identifier: Apache-2.0
"""MediaPipe Hands (https://github.com/google-ai-edge/mediapipe, legacy solution) as a `Detector`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

import numpy as np

from benchmarks.detector import found_from_lists
from edge.errors import DependencyError, SourceError
from training.data.sample import FloatArray
from training.metrics import Found

# A hand reaches past its joints. Of margins 0 to 0.2 this one finds the most hands on the sets of the benchmark.
BOX_MARGIN = 0.1


class MediaPipeHands:
    """MediaPipe's hands as boxes around their 21 points with a margin of `BOX_MARGIN` of the longer side."""

    name = "mediapipe-hands"
    min_score = 0.0  # its own thresholds are applied inside

    def __init__(self, python: Path) -> None:
        """Start `python`, an interpreter that has mediapipe; raises `DependencyError` when it has not."""
        script = Path(__file__).with_name("mediapipe_process.py")
        self._process = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._questions = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)
        try:
            self._version = str(self._answer()["version"])
        except json.JSONDecodeError as error:
            self._process.communicate()
            raise DependencyError(
                f"{python} cannot import mediapipe; run: {python} -m pip install mediapipe"
            ) from error

    def __enter__(self) -> MediaPipeHands:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {
            "mediapipe": self._version,
            "static_image_mode": "true",
            "max_num_hands": 10,
            "model_complexity": 1,
            "min_detection_confidence": 0.5,
            "box_margin": BOX_MARGIN,
            "score": "confidence of the handedness: MediaPipe gives no other",
        }

    def __call__(self, picture: Path) -> Found:
        """Return the boxes within the picture; raises `SourceError` when the picture cannot be read."""
        self._questions.write(f"{picture}\n")
        self._questions.flush()
        answer = self._answer()
        if answer["hands"] is None:
            raise SourceError(f"{picture} is not a readable picture; remove it or replace it")
        limits = np.array([answer["width_px"], answer["height_px"]], np.float32)
        boxes = [box_around(np.asarray(hand["points_xy"], np.float32), limits) for hand in answer["hands"]]
        return found_from_lists(boxes, [hand["score"] for hand in answer["hands"]])

    def _answer(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._answers.readline())
        return message


def box_around(points_xy: FloatArray, limits_xy: FloatArray) -> FloatArray:
    """Return the xyxy box (4,) around `points_xy` (K, 2) with its margin, cut at 0 and `limits_xy` (2,)."""
    low, high = points_xy.min(axis=0), points_xy.max(axis=0)
    margin = BOX_MARGIN * (high - low).max()
    return np.concatenate([np.clip(low - margin, 0, limits_xy), np.clip(high + margin, 0, limits_xy)]).astype(
        np.float32
    )
