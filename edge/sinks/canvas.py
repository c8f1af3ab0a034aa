# SPDX-License-Identifier: Apache-2.0
"""The picture that a sink draws on, so that a frame stays as it was captured."""

from __future__ import annotations

import cv2
import numpy as np

from edge.drawing import draw_hands, draw_rate
from edge.frame import Frame, PixelFormat, Pixels
from edge.results import Hands

_LONGER_SIDE_PX = (640, 3840)
_SHORTEST_PX = 16
_INTERPOLATION = (cv2.INTER_AREA, cv2.INTER_LINEAR)

_CONVERSIONS = {
    PixelFormat.GRAY: cv2.COLOR_GRAY2BGR,
    PixelFormat.NV12: cv2.COLOR_YUV2BGR_NV12,
    PixelFormat.YUYV: cv2.COLOR_YUV2BGR_YUYV,
}


class Canvas:
    """A picture of a fixed even size, that of `frame` where it is within 640 and 3840 pixels on its longer side.

    Other frames are scaled into it, whole and centred.

    Attributes:
        pixels: (H, W, 3) uint8 BGR, the same memory for every frame.
    """

    def __init__(self, frame: Frame) -> None:
        longer_px = max(frame.width_px, frame.height_px)
        scale = min(max(longer_px, _LONGER_SIDE_PX[0]), _LONGER_SIDE_PX[1]) / longer_px
        width_px, height_px = (_even(side_px * scale) for side_px in (frame.width_px, frame.height_px))
        self.pixels: Pixels = np.zeros((height_px, width_px, 3), np.uint8)
        self._painted_hw = (0, 0)

    @property
    def width_px(self) -> int:
        """Width of the canvas."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height of the canvas."""
        return int(self.pixels.shape[0])

    def draw(self, frame: Frame, hands: Hands, *, fps: float | None) -> Pixels:
        """Paint a frame with its hands, and the rate where it is known; return `pixels`."""
        source = _bgr_from_frame(frame)
        scale = min(self.width_px / frame.width_px, self.height_px / frame.height_px)
        width_px, height_px = (max(1, round(side_px * scale)) for side_px in (frame.width_px, frame.height_px))
        left_px, top_px = (self.width_px - width_px) // 2, (self.height_px - height_px) // 2
        if self._painted_hw != (height_px, width_px):
            self.pixels[:] = 0
            self._painted_hw = (height_px, width_px)
        target = self.pixels[top_px : top_px + height_px, left_px : left_px + width_px]
        if target.shape == source.shape:
            np.copyto(target, source)
        else:
            np.copyto(target, cv2.resize(source, (width_px, height_px), interpolation=_INTERPOLATION[scale > 1]))
        draw_hands(self.pixels, hands.moved(scale, left_px, top_px))
        if fps is not None:
            draw_rate(self.pixels, fps)
        return self.pixels


def _bgr_from_frame(frame: Frame) -> Pixels:
    if frame.pixel_format is PixelFormat.BGR:
        return frame.pixels
    return np.asarray(cv2.cvtColor(frame.pixels, _CONVERSIONS[frame.pixel_format]), np.uint8)


def _even(side_px: float) -> int:
    return max(_SHORTEST_PX, 2 * round(side_px / 2))
