# SPDX-License-Identifier: Apache-2.0
"""Reading of pictures for measurements."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import SourceError


def bgr_from_path(path: Path) -> npt.NDArray[np.uint8]:
    """Return the picture as (H, W, 3) uint8 BGR; raises `SourceError` when it cannot be read."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SourceError(f"{path} is not a readable picture; remove it or replace it")
    return np.asarray(picture, np.uint8)
