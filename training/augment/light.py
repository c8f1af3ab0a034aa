# SPDX-License-Identifier: Apache-2.0
"""Light, colour, blur, noise and compression, applied to BGR uint8 pictures."""

from __future__ import annotations

import cv2
import numpy as np

from training.augment.placement import Picture


def relit(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return the picture under another light: gain, gamma, colour cast, saturation; now and then grey."""
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    gamma = float(np.exp(rng.normal(0, 0.3)))
    gain, offset = rng.uniform(0.65, 1.35), rng.uniform(-0.08, 0.08)
    cast = 1.0 + rng.normal(0, 0.05, 3).astype(np.float32)
    table = np.clip((levels**gamma)[:, None] * gain * cast + offset, 0, 1)
    picture = np.asarray(cv2.LUT(picture, np.round(table * 255).astype(np.uint8)[:, None, :]), np.uint8)
    draw = rng.random()
    if draw < 0.08:
        return np.repeat(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    if draw < 0.5:
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        amount = rng.uniform(0.4, 1.6)
        picture = np.asarray(cv2.addWeighted(picture, amount, grey, 1 - amount, 0), np.uint8)
    elif draw < 0.65:
        hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(-9, 10))) % 180
        picture = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)
    return picture


def degraded(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return the picture as a worse camera would give it: out of focus, moved, scaled, noisy or compressed."""
    if rng.random() < 0.2:
        picture = _blurred(rng, picture)
    if rng.random() < 0.15:
        noise = rng.normal(0, rng.uniform(2, 12), (*picture.shape[:2], 1 if rng.random() < 0.5 else 3))
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        ok, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8) if ok else picture
    return picture


def _blurred(rng: np.random.Generator, picture: Picture) -> Picture:
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 1.6)), np.uint8)
    if kind == 1:
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
        middle = (length - 1) / 2
        start, stop = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
        cv2.line(kernel, tuple(map(int, start)), tuple(map(int, stop)), 1.0)
        return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)
    height, width = picture.shape[:2]
    factor = rng.uniform(0.45, 0.85)
    small = cv2.resize(
        picture, (max(1, int(width * factor)), max(1, int(height * factor))), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def occluded(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return the picture with a few plain rectangles in front of it."""
    height, width = picture.shape[:2]
    picture = picture.copy()
    for _ in range(int(rng.integers(1, 4))):
        h, w = int(height * rng.uniform(0.03, 0.2)), int(width * rng.uniform(0.03, 0.2))
        y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
        picture[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return picture
