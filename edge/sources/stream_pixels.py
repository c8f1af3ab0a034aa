# SPDX-License-Identifier: Apache-2.0
"""Decoded pictures of FFmpeg as pixels of a frame."""

from __future__ import annotations

import numpy as np
from av import VideoFrame
from av.video.plane import VideoPlane

from edge.frame import PixelFormat, Pixels


def pixels_from_frame(frame: VideoFrame) -> tuple[Pixels, PixelFormat]:
    """Return the pixels in memory of their own: NV12 where the picture is 4:2:0 at video levels, else GRAY or BGR.

    NV12 is half of what BGR is, and what becomes of a pixel's colour is computed only where a model looks.
    """
    name, width_px, height_px = frame.format.name, frame.width, frame.height
    if name == "gray":
        return _plane(frame.planes[0]).copy(), PixelFormat.GRAY
    if name not in {"yuv420p", "nv12"} or width_px % 2 or height_px % 2 or frame.color_range == 2:
        return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), PixelFormat.BGR
    pixels = np.empty((height_px * 3 // 2, width_px), np.uint8)
    pixels[:height_px] = _plane(frame.planes[0])
    if name == "nv12":
        pixels[height_px:] = _plane(frame.planes[1], bytes_per_pixel=2)
    else:
        pixels[height_px:, 0::2] = _plane(frame.planes[1])
        pixels[height_px:, 1::2] = _plane(frame.planes[2])
    return pixels, PixelFormat.NV12


def _plane(plane: VideoPlane, *, bytes_per_pixel: int = 1) -> Pixels:
    rows: Pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width * bytes_per_pixel]
