# SPDX-License-Identifier: Apache-2.0
"""Our detector and the second look that our classifier takes, together as `edge-run` uses them, as a `Detector`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.bundle_classifier import BundleClassifier
from benchmarks.peers.bundle_detector import BundleDetector
from edge.sources.picture import pixels_from_file
from training.metrics import Found


class BundleCascade:
    """The hands of a detector bundle that a classifier bundle keeps, each with the detector's score."""

    def __init__(self, detector: str | os.PathLike[str], classifier: str | os.PathLike[str]) -> None:
        self._detector = BundleDetector(detector)
        self.min_score = self._detector.min_score
        self._look = BundleClassifier(classifier)
        self.name = f"{self._detector.name} + {self._look.name}"

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {**self._detector.settings, "second_look_version": self._look.version}

    def __call__(self, picture: Path) -> Found:
        """Return the boxes; raises `SourceError` when the picture cannot be read."""
        bgr = pixels_from_file(picture)
        kept = self._look.task.kept(self._look.task(bgr, self._detector.hands(bgr)))
        return Found(kept.boxes_xyxy, kept.scores)
