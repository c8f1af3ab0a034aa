# SPDX-License-Identifier: Apache-2.0
"""Pictures that are already in memory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sized

import numpy as np
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.sources.source import Source


class ArraySource(Source):
    """Frames from arrays: (H, W, 3) uint8 BGR or (H, W) uint8 grey, or ready-made `Frame` objects.

    An array is copied, for its owner may write to it again while the copy is on its way; a `Frame` is not. Hands are
    followed from array to array where these are `continuous`, `fps` a second.

    Raises:
        SourceError: from `frames`, an item is none of these.
    """

    def __init__(
        self,
        arrays: Iterable[NDArray[np.uint8] | Frame],
        *,
        name: str = "arrays",
        fps: float = 30.0,
        continuous: bool = False,
    ) -> None:
        self.name, self.continuous = name, continuous
        self.fps: float = fps
        self.frame_count = len(arrays) if isinstance(arrays, Sized) else None
        self._arrays = arrays

    def frames(self) -> Iterator[Frame]:
        """Yield the arrays as frames, in their order."""
        for index, item in enumerate(self._arrays):
            yield item if isinstance(item, Frame) else self._frame(item, index)

    def _frame(self, pixels: object, index: int) -> Frame:
        if not isinstance(pixels, np.ndarray):
            raise SourceError(f"frame {index} must be (H, W, 3) or (H, W) uint8, got {type(pixels).__name__}")
        pixel_format = PixelFormat.GRAY if pixels.ndim == 2 else PixelFormat.BGR
        try:
            return Frame(
                pixels.copy(), pixel_format, time.monotonic_ns(), index, self.name, media_time_s=index / self.fps
            )
        except ValueError as error:
            told = f"{pixels.shape} {pixels.dtype}"
            raise SourceError(f"frame {index} must be (H, W, 3) or (H, W) uint8 and not empty, got {told}") from error
