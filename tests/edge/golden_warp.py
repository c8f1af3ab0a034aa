# SPDX-License-Identifier: Apache-2.0
"""The warp as its contract defines it: one sample after the other, in float64, slow and obviously right."""

import math

import numpy as np
from numpy.typing import NDArray

BGR, GRAY, NV12, YUYV = range(4)
SAMPLE_SLACK = 1e-3
MOST_SAMPLES = 256
LUMA_BGR = np.array([0.114, 0.587, 0.299])


def bgr_from_yuv(luma: NDArray[np.uint8], u: NDArray[np.uint8], v: NDArray[np.uint8]) -> NDArray[np.float64]:
    """BT.601 limited range to (H, W, 3) in whole numbers of 0..255."""
    y = 1.164383 * np.maximum(luma.astype(float) - 16, 0)
    cb, cr = u.astype(float) - 128, v.astype(float) - 128
    bgr = np.stack([y + 2.017232 * cb, y - 0.391762 * cb - 0.812968 * cr, y + 1.596027 * cr], axis=-1)
    return np.clip(np.floor(bgr + 0.5), 0, 255)


def bgr_from_picture(src: NDArray[np.uint8], pixel_format: int) -> NDArray[np.float64]:
    """The picture of any format as (H, W, 3) float64."""
    if pixel_format == BGR:
        return src.astype(float)
    if pixel_format == GRAY:
        return np.repeat(src[:, :, None].astype(float), 3, axis=2)
    if pixel_format == NV12:
        height = src.shape[0] // 3 * 2
        chroma = src[height:].repeat(2, axis=0)
        return bgr_from_yuv(src[:height], chroma[:, 0::2].repeat(2, axis=1), chroma[:, 1::2].repeat(2, axis=1))
    chroma = src[:, :, 1]
    return bgr_from_yuv(src[:, :, 0], chroma[:, 0::2].repeat(2, axis=1), chroma[:, 1::2].repeat(2, axis=1))


def samples_along(dx: float, dy: float) -> int:
    """How many samples a column of the map asks for."""
    return min(MOST_SAMPLES, max(1, math.ceil(math.sqrt(dx * dx + dy * dy) - SAMPLE_SLACK)))


def bilinear(picture: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples (..., 3) at continuous coordinates, clamped to the border."""
    height, width = picture.shape[:2]
    x, y = np.clip(x - 0.5, 0, width - 1), np.clip(y - 0.5, 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    top = picture[y0, x0] * (1 - fx) + picture[y0, x1] * fx
    bottom = picture[y1, x0] * (1 - fx) + picture[y1, x1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy)


def warped(picture: NDArray[np.float64], matrix: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Area means (height, width, 3) under one map from output to source coordinates."""
    (xx, xy, x0), (yx, yy, y0) = matrix
    kx, ky = samples_along(xx, yx), samples_along(xy, yy)
    rows, columns = np.mgrid[0:height, 0:width].astype(float)
    total = np.zeros((height, width, 3))
    for j in range(ky):
        for i in range(kx):
            u, v = columns + (i + 0.5) / kx, rows + (j + 0.5) / ky
            total += bilinear(picture, xx * u + xy * v + x0, yx * u + yy * v + y0)
    return total / (kx * ky)


def inside(picture: NDArray[np.float64], matrix: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """Which output pixels (height, width) have their centre within the picture."""
    (xx, xy, x0), (yx, yy, y0) = matrix
    cy, cx = np.mgrid[0:height, 0:width] + 0.5
    x, y = xx * cx + xy * cy + x0, yx * cx + yy * cy + y0
    return np.asarray((x >= 0) & (x < picture.shape[1]) & (y >= 0) & (y < picture.shape[0]))


def warp_normalise(
    src: NDArray[np.uint8],
    pixel_format: int,
    matrices: NDArray[np.float64],
    out: NDArray[np.float32],
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
    pad: NDArray[np.float32],
    rgb: bool,
) -> None:
    """What edge._native.warp_normalise does."""
    picture = bgr_from_picture(src, pixel_format)
    channels, height, width = out.shape[1:]
    for matrix, image in zip(matrices, out, strict=True):
        bgr = warped(picture, matrix, height, width)
        values = bgr @ LUMA_BGR[:, None] if channels == 1 else bgr[..., ::-1] if rgb else bgr
        values = np.where(inside(picture, matrix, height, width)[..., None], values, pad.astype(float))
        image[:] = ((values - mean) / std).transpose(2, 0, 1)
