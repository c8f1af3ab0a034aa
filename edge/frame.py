# SPDX-License-Identifier: Apache-2.0
"""A captured picture and what is known about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]


class PixelFormat(enum.IntEnum):
    """Layout of the pixels in memory; the values are those of the native module."""

    BGR = 0
    GRAY = 1
    NV12 = 2
    YUYV = 3


_SHAPES = {
    PixelFormat.BGR: "(H, W, 3)",
    PixelFormat.GRAY: "(H, W)",
    PixelFormat.NV12: "(H * 3 / 2, W) with even H and W",
    PixelFormat.YUYV: "(H, W, 2) with even W",
}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One captured picture.

    Attributes:
        pixels: BGR (H, W, 3), GRAY (H, W), NV12 (H * 3 / 2, W) or YUYV (H, W, 2), all uint8; any strides.
        pixel_format: layout of `pixels`.
        time_ns: when the picture was captured, on the monotonic clock.
        index: number of the frame in its source, from 0, counting those that were dropped.
        source: name of the source, as its user gave it.
        path: file of a picture, relative to the folder that was opened.
        media_time_s: time within a recording, seconds from its start; None for a live source.

    Raises:
        ValueError: the pixels are not a uint8 array of the format's shape.
    """

    pixels: Pixels
    pixel_format: PixelFormat
    time_ns: int
    index: int
    source: str
    path: str | None = None
    media_time_s: float | None = None

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if dtype != np.uint8 or 0 in shape or not _fits(shape, self.pixel_format):
            expected = f"{_SHAPES[self.pixel_format]} uint8 and not empty"
            raise ValueError(f"pixels of a {self.pixel_format.name} frame must be {expected}, got {shape} {dtype}")

    @property
    def width_px(self) -> int:
        """Width of the picture."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height of the picture."""
        rows = int(self.pixels.shape[0])
        return rows * 2 // 3 if self.pixel_format is PixelFormat.NV12 else rows

    def __repr__(self) -> str:
        place = f", path={self.path!r}" if self.path is not None else ""
        shown = f"{self.pixel_format.name} {self.width_px}x{self.height_px}"
        return f"Frame({shown}, index={self.index}, source={self.source!r}{place})"


def _fits(shape: tuple[int, ...], pixel_format: PixelFormat) -> bool:
    if pixel_format is PixelFormat.BGR:
        return len(shape) == 3 and shape[2] == 3
    if pixel_format is PixelFormat.GRAY:
        return len(shape) == 2
    if pixel_format is PixelFormat.NV12:
        return len(shape) == 2 and shape[0] % 3 == 0 and shape[1] % 2 == 0
    return len(shape) == 3 and shape[2] == 2 and shape[1] % 2 == 0
