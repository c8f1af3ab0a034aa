# SPDX-License-Identifier: Apache-2.0
"""Our detector and the second look that another of our models takes, together as `edge-run` uses them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.bundle_detector import BundleDetector
from edge.decoders.presence import least_candidate
from edge.errors import UsageError
from edge.sources.picture import pixels_from_file
from edge.tasks import load
from edge.tasks.crop_task import CropTask
from edge.tasks.loading import trusted_presence
from training.metrics import Found


class BundleCascade:
    """A `Detector`: the hands of a detector bundle, their scores as a second bundle's look at them changes them.

    Raises `UsageError` when the second bundle does not look at crops.
    """

    def __init__(self, detector: str | os.PathLike[str], second_look: str | os.PathLike[str]) -> None:
        self._detector = BundleDetector(detector)
        self.min_score = self._detector.min_score
        look = load(second_look, device="cpu")
        if not isinstance(look, CropTask):
            raise UsageError(f"{second_look} is a {look.contract.task}; name a bundle that looks at crops")
        self._look = look
        self._least = least_candidate(self.min_score, [trusted_presence(look.contract)])
        self.name = f"{self._detector.name} + {look.name}"

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options."""
        look = self._look
        return {
            **self._detector.settings,
            "second_look_version": look.contract.version,
            "presence_trust": trusted_presence(look.contract),
        }

    def __call__(self, picture: Path) -> Found:
        """Return the boxes; raises `SourceError` when the picture cannot be read."""
        bgr = pixels_from_file(picture)
        found = self._detector.hands(bgr)
        candidates = found[found.scores >= self._least]
        kept = self._look.kept(self._look(bgr, candidates))
        return Found(kept.boxes_xyxy, kept.scores)
