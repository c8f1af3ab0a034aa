# SPDX-License-Identifier: Apache-2.0
"""Pictures as callers hand them over, turned into frames."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.frame import Frame, PixelFormat


def frame_from_picture(picture: NDArray[Any] | Frame) -> Frame:
    """Return a frame of a BGR (H, W, 3) or grey (H, W) uint8 picture, sharing its memory; a frame is returned as it is.

    Raises `UsageError` for any other array.
    """
    if isinstance(picture, Frame):
        return picture
    given = f"{type(picture).__name__}"
    if isinstance(picture, np.ndarray):
        given = f"{picture.shape} {picture.dtype}"
        colour = picture.ndim == 3 and picture.shape[2] == 3
        if picture.dtype == np.uint8 and picture.size and (colour or picture.ndim == 2):
            pixel_format = PixelFormat.BGR if colour else PixelFormat.GRAY
            return Frame(picture, pixel_format, time.monotonic_ns(), 0, "array")
    raise UsageError(
        f"a picture must be BGR (H, W, 3) or grey (H, W) uint8 and not empty, got {given}; "
        "cv2.imread(path) gives such a picture, and None when it cannot read the file"
    )
