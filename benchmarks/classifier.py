# SPDX-License-Identifier: Apache-2.0
"""`Classifier`: the face that every measured classifier of hands shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.data.sample import FloatArray


@dataclass(frozen=True, slots=True)
class HandAnswer:
    """What a classifier says of one hand: a HaGRID v1 name and "left" or "right", None where it tells no hands apart.

    Both are None for a hand that the detector before it missed.
    """

    gesture: str | None
    handedness: str | None


MISSED = HandAnswer(None, None)


class Classifier(Protocol):
    """A classifier of hands under measurement."""

    @property
    def name(self) -> str:
        """Name in the results."""

    @property
    def settings(self) -> Mapping[str, str | float]:
        """Versions and options, stored beside the numbers."""

    def __call__(self, bgr: npt.NDArray[np.uint8], boxes_xyxy: FloatArray) -> tuple[HandAnswer, ...]:
        """Return one answer for each of `boxes_xyxy` (N, 4) in the picture `bgr` (H, W, 3) uint8."""
