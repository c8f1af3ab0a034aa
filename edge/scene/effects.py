# SPDX-License-Identifier: Apache-2.0
"""What a camera does to a picture: defocus, motion blur, exposure, colour cast, noise, compression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def motion_blurred(picture: Picture, length_px: float, angle_rad: float) -> Picture:
    """Return a picture (H, W, 3) uint8 smeared over `length_px` along `angle_rad`."""
    import cv2

    side = max(3, int(np.ceil(length_px)) | 1)
    kernel = np.zeros((side, side), np.float32)
    reach = np.array([np.cos(angle_rad), np.sin(angle_rad)]) * (side - 1) / 2
    middle = (side - 1) / 2
    ends = [tuple(round(middle + sign * part) for part in reach) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def compressed(picture: Picture, quality: int) -> Picture:
    """Return a picture (H, W, 3) uint8 after JPEG at `quality` 1 to 100."""
    import cv2

    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def camera_effects(rng: np.random.Generator, picture: Picture, *, strength: float = 1.0) -> Picture:
    """Return a picture (H, W, 3) uint8 as some camera would have taken it; positions of things do not change."""
    import cv2

    if rng.uniform() < 0.5 * strength:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.1))), np.uint8)
    if rng.uniform() < 0.15 * strength:
        longest = max(3.0, 0.02 * max(picture.shape[:2]))
        picture = motion_blurred(picture, rng.uniform(2.0, longest), rng.uniform(0, np.pi))
    gain = np.exp(rng.normal(0, 0.12 * strength)) * (1 + rng.normal(0, 0.03 * strength, 3))
    noise = rng.normal(0, 1, picture.shape).astype(np.float32) * (rng.uniform(0, 7) * strength)
    picture = np.clip(picture * gain.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    if rng.uniform() < 0.5 * strength:
        picture = compressed(picture, int(rng.integers(45, 96)))
    return picture
