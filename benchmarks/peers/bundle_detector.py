# SPDX-License-Identifier: Apache-2.0
"""A detector bundle of ours, run as its users run it, as a `Detector`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.decoders import BoxDecoder
from edge.errors import UsageError
from edge.results import Hands
from edge.sources.picture import pixels_from_file
from edge.tasks.detector import HandDetector
from edge.tasks.loading import task_from_bundle
from training.metrics import Found


class BundleDetector:
    """The shipped code with the threshold lowered to `curve_min_score`, so that a precision curve can be drawn."""

    curve_min_score = 0.01

    def __init__(self, name_or_path: str | os.PathLike[str]) -> None:
        bundle = Bundle.open(find_bundle(name_or_path))
        self.name = bundle.manifest.name
        self._version = bundle.manifest.version
        decoder = bundle.manifest.decoder
        task = task_from_bundle(bundle, device="cpu", min_score=self.curve_min_score)
        if not isinstance(decoder, BoxDecoder) or not isinstance(task, HandDetector):
            raise UsageError(f"{name_or_path} is a {bundle.manifest.task}; name a detector's bundle")
        self.min_score = decoder.min_score
        self._task = task

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {
            "version": self._version,
            "onnxruntime": onnxruntime.__version__,
            "min_score": self.min_score,
            "curve_min_score": self.curve_min_score,
        }

    def hands(self, bgr: npt.NDArray[np.uint8]) -> Hands:
        """Return the hands of a picture, low scores included."""
        return self._task(bgr)

    def __call__(self, picture: Path) -> Found:
        """Return the boxes; raises `SourceError` when the picture cannot be read."""
        hands = self.hands(pixels_from_file(picture))
        return Found(hands.boxes_xyxy, hands.scores)
