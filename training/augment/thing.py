# SPDX-License-Identifier: Apache-2.0
"""Things to hold, drawn at random: a bottle, a cup, a can, a box, a telephone, a stick, a ball or a fruit."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training.augment.placement import Picture
from training.data.sample import FloatArray

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of thing looks like: `length` in widths of a palm, `slimness` is its width over its length.

    `profile` lists how wide it is, 0 to 1, at which share of its length. `flat` things lie in an open hand too.
    """

    length: Pair
    slimness: Pair
    profile: tuple[Pair, ...]
    rounded: bool = True
    flat: bool = False


_CIRCLE = tuple((float(t), float(np.sqrt(1 - (2 * t - 1) ** 2))) for t in np.linspace(0, 1, 17))
_STRAIGHT = ((0.0, 1.0), (1.0, 1.0))
KINDS = {
    "bottle": Kind((2.2, 4.0), (0.26, 0.4), ((0, 0.35), (0.18, 0.38), (0.34, 1), (0.97, 1), (1, 0.9))),
    "cup": Kind((1.2, 2.2), (0.6, 0.9), ((0, 1), (1, 0.72))),
    "can": Kind((1.4, 2.2), (0.5, 0.62), ((0, 0.85), (0.07, 1), (0.93, 1), (1, 0.85))),
    "box": Kind((1.0, 2.6), (0.4, 0.95), _STRAIGHT, rounded=False, flat=True),
    "telephone": Kind((1.5, 2.2), (0.46, 0.56), ((0, 0.8), (0.05, 1), (0.95, 1), (1, 0.8)), rounded=False, flat=True),
    "stick": Kind((1.0, 4.5), (0.03, 0.12), _STRAIGHT, flat=True),
    "ball": Kind((0.8, 1.8), (0.95, 1.05), _CIRCLE, flat=True),
    "fruit": Kind((0.9, 1.8), (0.6, 0.9), ((0, 0), (0.05, 0.3), (0.3, 0.6), (0.65, 1), (0.9, 0.75), (1, 0.2))),
}
DARK_SHADE = 0.45
NOISE = 4.0


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that stands upright: `picture` (H, W, 3) BGR uint8 and `opacity` (H, W) uint8."""

    picture: Picture
    opacity: Picture


def drawn_thing(rng: np.random.Generator, kind: Kind, palm_px: float, texture: Picture | None) -> Thing:
    """Return a thing of this kind for a hand whose palm is `palm_px` wide, covered by parts of `texture` now and then.

    `texture` is any picture, (H, W, 3) BGR.
    """
    height = max(4, round(palm_px * rng.uniform(*kind.length)))
    width = max(3, round(height * rng.uniform(*kind.slimness)))
    along = ((np.arange(height)[:, None] + 0.5) / height).astype(np.float32)
    across = (np.arange(width)[None] + 0.5 - width / 2).astype(np.float32)
    half = np.interp(along, *np.array(kind.profile).T).astype(np.float32) * (width / 2)
    opacity = np.clip(half - np.abs(across) + 0.5, 0, 1)
    surface = _surface(rng, height, width, texture)
    surface *= _shade(rng, (across / np.maximum(half, 1)).astype(np.float32), along, rounded=kind.rounded)[..., None]
    surface += rng.normal(0, NOISE, (height, width, 1))
    return Thing(np.clip(surface, 0, 255).astype(np.uint8), np.round(opacity * 255).astype(np.uint8))


def _surface(rng: np.random.Generator, height: int, width: int, texture: Picture | None) -> npt.NDArray[np.float32]:
    """Return (H, W, 3) of one colour, or cut from the texture, with a band of another about it now and then."""
    surface = _cover(rng, height, width, texture)
    if rng.random() < 0.5:
        first, last = np.sort(rng.integers(0, height + 1, 2))
        if last > first:
            surface[first:last] = _cover(rng, int(last - first), width, texture)
    return surface


def _cover(rng: np.random.Generator, height: int, width: int, texture: Picture | None) -> npt.NDArray[np.float32]:
    if texture is None or rng.random() < 0.5:
        return np.full((height, width, 3), _colour(rng), np.float32)
    rows, columns = texture.shape[:2]
    side = max(2, round(min(rows, columns) * rng.uniform(0.1, 0.6)))
    y, x = int(rng.integers(0, rows - side + 1)), int(rng.integers(0, columns - side + 1))
    part = cv2.resize(texture[y : y + side, x : x + side], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(part, np.float32)


def _colour(rng: np.random.Generator) -> FloatArray:
    """Return a BGR colour (3,): white, black and grey are as common as all others."""
    if rng.random() < 0.5:
        return np.full(3, rng.choice([rng.uniform(15, 60), rng.uniform(60, 200), rng.uniform(200, 255)]), np.float32)
    return rng.uniform(10, 245, 3).astype(np.float32)


def _shade(rng: np.random.Generator, across: FloatArray, along: FloatArray, *, rounded: bool) -> FloatArray:
    """Return how bright the light makes each place, (H, W), by its place -1 to 1 across and 0 to 1 along."""
    light = rng.uniform(-0.7, 0.7)
    if rounded:
        towards = np.sqrt(np.clip(1 - across**2, 0, 1)) * np.sqrt(1 - light**2) + across * light
        shade = DARK_SHADE + (1.15 - DARK_SHADE) * np.clip(towards, 0, 1)
        if rng.random() < 0.4:
            shade = shade + rng.uniform(0.2, 0.6) * np.exp(-(((across - light) / 0.12) ** 2))
    else:
        shade = 0.9 + 0.3 * light * across + rng.uniform(-0.3, 0.3) * (along - 0.5)
    return np.asarray(shade, np.float32)
