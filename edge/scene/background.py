# SPDX-License-Identifier: Apache-2.0
"""What is behind the hands: procedural rooms, gradients, patterns, clutter of skin-like colours; or given pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edge.scene.appearance import random_cloth

Picture = npt.NDArray[np.uint8]
_Canvas = npt.NDArray[np.float32]

# Procedural pictures are painted at most this wide and scaled up: backgrounds are out of focus anyway.
_PAINTED_SIDE_PX = 480


def _colour(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a BGR colour (3,) float32: muted, or often the colour of some skin or of wood."""
    if rng.uniform() < 0.3:
        skin = np.array([rng.uniform(0.35, 0.8), rng.uniform(0.55, 0.85), 1.0]) * rng.uniform(60, 245)
        return skin.astype(np.float32)
    return random_cloth(rng)[::-1].astype(np.float32)


def _gradient(rng: np.random.Generator, height: int, width: int) -> _Canvas:
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    along = (x * np.cos(angle) + y * np.sin(angle) + 1.5) / 3
    ends = _colour(rng), _colour(rng)
    mix = np.clip((along - 0.5) * rng.uniform(1, 3) + 0.5, 0, 1)[..., None]
    return np.asarray(ends[0] * (1 - mix) + ends[1] * mix, np.float32)


def _cloudy(rng: np.random.Generator, height: int, width: int, strength: float) -> _Canvas:
    """Return noise (height, width, 3) of several sizes, mostly grey."""
    import cv2

    total = np.zeros((height, width, 3), np.float32)
    for cells in (3, 9, 30, 90):
        small = rng.normal(0, 1, (cells, cells, 1)) + 0.35 * rng.normal(0, 1, (cells, cells, 3))
        total += cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC) * cells**-0.4
    return total * strength


def _room(rng: np.random.Generator, height: int, width: int) -> _Canvas:
    import cv2

    canvas = _gradient(rng, height, width) * 0.35 + _colour(rng) * 0.65
    floor = int(height * rng.uniform(0.6, 0.95))
    canvas[floor:] = _gradient(rng, height, width)[floor:] * 0.5 + _colour(rng) * 0.5
    for _ in range(rng.integers(2, 9)):
        w, h = rng.uniform(0.05, 0.4) * width, rng.uniform(0.08, 0.6) * height
        x, y = rng.uniform(-0.1, 1.0) * width, rng.choice([rng.uniform(-0.1, 0.6) * height, floor - h])
        lean = rng.normal(0, 0.03, 4) * w
        corners = np.array([[x + lean[0], y], [x + w, y + lean[1]], [x + w + lean[2], y + h], [x, y + h + lean[3]]])
        colour = _colour(rng) if rng.uniform() < 0.8 else np.full(3, 250.0)
        cv2.fillPoly(canvas, [corners.astype(np.int32)], colour.tolist(), cv2.LINE_AA)
        if rng.uniform() < 0.5:
            cv2.polylines(canvas, [corners.astype(np.int32)], isClosed=True, color=_colour(rng).tolist(), thickness=2)
    return canvas


def _stripes(rng: np.random.Generator, height: int, width: int) -> _Canvas:
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 70)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    wave = np.sin(along / period * 2 * np.pi)
    if rng.uniform() < 0.5:
        wave = wave * np.sin(across / period * 2 * np.pi)
    mix = np.clip(wave * rng.uniform(1, 6) * 0.5 + 0.5, 0, 1)[..., None]
    return np.asarray(_colour(rng) * mix + _colour(rng) * (1 - mix), np.float32)


def _clutter(rng: np.random.Generator, height: int, width: int) -> _Canvas:
    import cv2

    canvas = _gradient(rng, height, width)
    for _ in range(rng.integers(8, 40)):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        size = rng.uniform(0.02, 0.25) * width
        colour = _colour(rng).tolist()
        kind = rng.integers(3)
        if kind == 0:
            axes = (int(size), int(size * rng.uniform(0.2, 1.0)) + 1)
            cv2.ellipse(canvas, centre, axes, rng.uniform(0, 360), 0, 360, colour, -1, cv2.LINE_AA)
        elif kind == 1:
            corners = np.array(centre) + rng.normal(0, size * 0.6, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            end = np.array(centre) + rng.normal(0, size, 2)
            thick = int(size * rng.uniform(0.08, 0.35)) + 1
            cv2.line(canvas, centre, (int(end[0]), int(end[1])), colour, thick, cv2.LINE_AA)
    return canvas


_KINDS: tuple[Callable[[np.random.Generator, int, int], _Canvas], ...] = (_room, _room, _gradient, _stripes, _clutter)


def procedural_background(rng: np.random.Generator, width_px: int, height_px: int) -> Picture:
    """Return a made-up background (height_px, width_px, 3) uint8 BGR without hands."""
    import cv2

    shrink = min(1.0, _PAINTED_SIDE_PX / max(width_px, height_px))
    width, height = max(2, round(width_px * shrink)), max(2, round(height_px * shrink))
    canvas = _KINDS[rng.integers(len(_KINDS))](rng, height, width)
    light = 1 + _cloudy(rng, height, width, 0.06)
    canvas = canvas * light
    blurred = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.6, 3.5)))
    full = cv2.resize(blurred, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    grain = rng.normal(0, rng.uniform(0, 6), (height_px, width_px, 1)).astype(np.float32)
    return np.asarray(np.clip(full + grain, 0, 255), np.uint8)


def cropped_background(rng: np.random.Generator, picture: Picture, width_px: int, height_px: int) -> Picture:
    """Return a random part of a picture (H, W, 3) uint8, perhaps mirrored, at the given size."""
    import cv2

    height, width = picture.shape[:2]
    aspect = width_px / height_px
    part = rng.uniform(0.6, 1.0)
    w = min(width, height * aspect) * part
    h = w / aspect
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    crop = picture[int(y) : int(y) + max(1, int(h)), int(x) : int(x) + max(1, int(w))]
    shrinking = crop.shape[1] > width_px
    resized = cv2.resize(crop, (width_px, height_px), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized[:, ::-1] if rng.uniform() < 0.5 else resized).astype(np.uint8, copy=False)


def random_background(
    rng: np.random.Generator, width_px: int, height_px: int, pictures: Sequence[Picture] | None = None
) -> Picture:
    """Return a background: part of one of the `pictures` if there are any, else a procedural one."""
    if pictures:
        return cropped_background(rng, pictures[int(rng.integers(len(pictures)))], width_px, height_px)
    return procedural_background(rng, width_px, height_px)
