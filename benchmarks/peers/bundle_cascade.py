# SPDX-License-Identifier: Apache-2.0
"""Our detector and the second look that our classifier takes, together as `edge-run` uses them, as a `Detector`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.bundle_detector import BundleDetector
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.errors import UsageError
from edge.sources.picture import pixels_from_file
from edge.tasks.classifier import GestureClassifier
from edge.tasks.loading import task_from_bundle
from training.metrics import Found


class BundleCascade:
    """The hands of a detector bundle that a classifier bundle keeps, each with the detector's score."""

    def __init__(self, detector: str | os.PathLike[str], classifier: str | os.PathLike[str]) -> None:
        self._detector = BundleDetector(detector)
        self.min_score = self._detector.min_score
        bundle = Bundle.open(find_bundle(classifier))
        self.name = f"{self._detector.name} + {bundle.manifest.name}"
        self._look_version = bundle.manifest.version
        task = task_from_bundle(bundle, device="cpu")
        if not isinstance(task, GestureClassifier):
            raise UsageError(f"{classifier} is a {bundle.manifest.task}; name a classifier's bundle")
        self._look = task

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        return {**self._detector.settings, "second_look_version": self._look_version}

    def __call__(self, picture: Path) -> Found:
        """Return the boxes; raises `SourceError` when the picture cannot be read."""
        bgr = pixels_from_file(picture)
        kept = self._look.kept(self._look(bgr, self._detector.hands(bgr)))
        return Found(kept.boxes_xyxy, kept.scores)
