# SPDX-License-Identifier: Apache-2.0
"""A gesture bundle of ours, run as its users run it, as a `Classifier`."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnxruntime

from benchmarks.classifier import HandAnswer
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.errors import UsageError
from edge.tasks.classifier import HandClassifier
from edge.tasks.loading import task_from_bundle
from training.data.sample import FloatArray


class BundleClassifier:
    """The shipped code as it is."""

    def __init__(self, name_or_path: str | os.PathLike[str]) -> None:
        bundle = Bundle.open(find_bundle(name_or_path))
        self.name = bundle.manifest.name
        self.version = bundle.manifest.version
        task = task_from_bundle(bundle, device="cpu")
        if not isinstance(task, HandClassifier):
            raise UsageError(f"{name_or_path} is a {bundle.manifest.task}; name a classifier's bundle")
        self.task = task

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {"version": self.version, "onnxruntime": onnxruntime.__version__}

    def __call__(self, bgr: npt.NDArray[np.uint8], boxes_xyxy: FloatArray) -> tuple[HandAnswer, ...]:
        """Return the answer for each box; raises `UsageError` when the bundle names no gestures."""
        hands = self.task(bgr, boxes_xyxy)
        if not len(hands):
            return ()
        if hands.gestures is None:
            raise UsageError(f"{self.name} names no gestures; give a gesture bundle")
        return tuple(
            HandAnswer(hand.gesture.name if hand.gesture else None, hand.handedness.name if hand.handedness else None)
            for hand in hands
        )
