# SPDX-License-Identifier: Apache-2.0
"""`Detector`: the face that every measured hand detector shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from training.metrics import Found


class Detector(Protocol):
    """A hand detector under measurement."""

    @property
    def name(self) -> str:
        """Name in the results."""

    @property
    def min_score(self) -> float:
        """Threshold at which its users run it: recall and precision are measured there."""

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options, stored beside the numbers."""

    def __call__(self, picture: Path) -> Found:
        """Return the boxes in pixels of the picture at `picture`, low scores included where the model has them."""


def found_from_lists(boxes_xyxy: object, scores: object) -> Found:
    """Return `Found` from anything numpy can read; empty lists are no detection."""
    return Found(np.asarray(boxes_xyxy, np.float32).reshape(-1, 4), np.asarray(scores, np.float32).reshape(-1))
