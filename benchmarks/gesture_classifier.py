# SPDX-License-Identifier: Apache-2.0
"""`GestureClassifier`: the face that every measured gesture classifier shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.data.sample import FloatArray


class GestureClassifier(Protocol):
    """A gesture classifier under measurement."""

    @property
    def name(self) -> str:
        """Name in the results."""

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options, stored beside the numbers."""

    def __call__(self, bgr: npt.NDArray[np.uint8], boxes_xyxy: FloatArray) -> tuple[str, ...]:
        """Return one HaGRID v1 name for each of `boxes_xyxy` (N, 4) in the picture `bgr` (H, W, 3) uint8."""
