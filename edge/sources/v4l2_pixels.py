# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a camera's buffer to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import as_strided

from edge.frame import PixelFormat, Pixels

_RAW = {
    "NV12": (PixelFormat.NV12, 1, 1),
    "YUYV": (PixelFormat.YUYV, 2, 1),
    "UYVY": (PixelFormat.YUYV, 2, -1),
    "BGR3": (PixelFormat.BGR, 3, 1),
    "RGB3": (PixelFormat.BGR, 3, -1),
    "GREY": (PixelFormat.GRAY, 1, 1),
}
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
_PICTURE_END = b"\xff\xd9"
_LONGEST_TAIL = 1024
"""Bytes that a camera may put behind a JPEG picture, besides zeros."""


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How a picture lies in a buffer: what the driver answered to S_FMT."""

    fourcc: str
    width_px: int
    height_px: int
    row_stride: int

    @property
    def compressed(self) -> bool:
        """Whether pictures must be decoded."""
        return self.fourcc not in _RAW

    @property
    def pixel_format(self) -> PixelFormat:
        """What the pixels are then."""
        return PixelFormat.BGR if self.compressed else _RAW[self.fourcc][0]

    def is_whole(self, used_bytes: int) -> bool:
        """Return whether so many bytes of a buffer are all rows."""
        (rows, columns), channels = self._hw, _RAW[self.fourcc][1]
        return used_bytes >= self._stride * (rows - 1) + columns * channels

    def pixels(self, buffer: Pixels) -> Pixels:
        """Return a view of the pixels in a buffer that is whole."""
        _, channels, order = _RAW[self.fourcc]
        if channels == 1:
            return as_strided(buffer, self._hw, (self._stride, 1))
        return as_strided(buffer, (*self._hw, channels), (self._stride, channels, 1))[..., ::order]

    @property
    def _hw(self) -> tuple[int, int]:
        rows = self.height_px * 3 // 2 if self.pixel_format is PixelFormat.NV12 else self.height_px
        return rows, self.width_px

    @property
    def _stride(self) -> int:
        return self.row_stride or self.width_px * _RAW[self.fourcc][1]


def decode_jpeg(data: Pixels, *, least_wh: tuple[int, int], full_wh: tuple[int, int]) -> Pixels | None:
    """Return a JPEG picture in BGR, at a half, quarter or eighth while it keeps `least_wh`; None for a damaged one."""
    content = data.tobytes().rstrip(b"\0")
    if not content.startswith(b"\xff\xd8") or _PICTURE_END not in content[-_LONGEST_TAIL:]:
        return None
    scale = min(full // least for full, least in zip(full_wh, least_wh, strict=True))
    fitting = [factor for factor in _REDUCED if factor <= scale]
    flags = _REDUCED[max(fitting)] if fitting else cv2.IMREAD_COLOR
    return cv2.imdecode(np.frombuffer(content, np.uint8), flags)  # type: ignore[return-value]
