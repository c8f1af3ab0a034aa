# SPDX-License-Identifier: Apache-2.0
"""Things put into empty hands, behind their fingers, and the same things beside, behind and before such hands."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.keypoints import CHAINS, INDEX_ROOT, MIDDLE_ROOT, PINKY_ROOT, WRIST
from training.augment.cutout import blend
from training.augment.placement import Affine, Picture, placement
from training.augment.thing import KINDS, Kind, Thing, drawn_thing
from training.data.sample import FloatArray

TRIES = 4
# A finger's tip is so much farther from the wrist than its root: less in a fist, 2 where it is stretched.
CURLED_BELOW = 1.55
# What shows of a held thing, and what a thing that is not held may hide of the hand.
LEAST_SHOWN, MOST_HIDDEN = 0.25, 0.3
FINGER_WIDTH = 0.3
SHADOW = 0.45


@dataclass(frozen=True, slots=True)
class OpenView:
    """An empty hand as it is seen: `picture` (H, W, 3) BGR, its `mask` (H, W) 0 or 255, its `points` (21, 2) there."""

    picture: Picture
    mask: Picture
    points: FloatArray

    @property
    def palm_px(self) -> float:
        """Width of the palm, from whichever side it is seen."""
        across = np.linalg.norm(self.points[PINKY_ROOT] - self.points[INDEX_ROOT])
        return float(max(across, 0.75 * np.linalg.norm(self.points[MIDDLE_ROOT] - self.points[WRIST])))

    @property
    def curled(self) -> bool:
        """Whether the four fingers are bent as about a thing."""
        reach = np.linalg.norm(self.points - self.points[WRIST], axis=1)
        return bool(np.mean(reach[[8, 12, 16, 20]] / np.maximum(reach[[5, 9, 13, 17]], 1)) < CURLED_BELOW)


def with_held_thing(rng: np.random.Generator, view: OpenView, texture: Picture | None) -> Picture | None:
    """Return the picture with a thing in the hand: what is before it is the whole hand, or its fingers alone.

    None where too little of the thing would be seen.
    """
    for _ in range(TRIES):
        name, kind = _kind(rng, flat_alone=not view.curled)
        thing = drawn_thing(rng, kind, view.palm_px, texture)
        before = _before(rng, view)
        matrix = _through(rng, view, thing, name)
        where = _opacity(thing, matrix, view)
        shown = np.minimum(where, 255 - before).sum()
        if shown > LEAST_SHOWN * max(where.sum(), 1) and shown > 255 * 0.08 * view.palm_px**2:
            return _composed(rng, view, thing, matrix, before)
    return None


def with_loose_thing(rng: np.random.Generator, view: OpenView, texture: Picture | None) -> Picture | None:
    """Return the picture with a thing that the hand does not hold: beside it, before a part of it, behind an open one.

    None where it would hide too much of the hand or not be seen.
    """
    for _ in range(TRIES):
        _, kind = _kind(rng)
        # A fist before a thing looks as if it held it.
        places = (_beside, _over_border) if view.curled else (_beside, _over_border, _behind)
        place = places[int(rng.integers(len(places)))]
        palm_px = view.palm_px * (rng.uniform(1.5, 3) if place is _behind else 1)
        thing = drawn_thing(rng, kind, palm_px, texture)
        matrix = place(rng, view, thing)
        where = _opacity(thing, matrix, view)
        hidden = np.minimum(where, view.mask).sum() / max(view.mask.sum(), 1)
        nothing = np.zeros_like(view.mask)
        if place is _behind:
            if np.minimum(where, 255 - view.mask).sum() > 255 * 0.2 * view.palm_px**2:
                return _composed(rng, view, thing, matrix, view.mask)
        elif hidden < MOST_HIDDEN and where.sum() > 255 * 0.05 * view.palm_px**2:
            return _composed(rng, view, thing, matrix, nothing)
    return None


def _kind(rng: np.random.Generator, *, flat_alone: bool = False) -> tuple[str, Kind]:
    names = [name for name, kind in KINDS.items() if kind.flat or not flat_alone]
    name = names[int(rng.integers(len(names)))]
    return name, KINDS[name]


def _before(rng: np.random.Generator, view: OpenView) -> Picture:
    """Return the part of the hand's mask that is before a held thing."""
    if view.curled and rng.random() < 0.5:
        return view.mask
    lines = np.zeros_like(view.mask)
    thickness = max(2, round(FINGER_WIDTH * view.palm_px))
    # Of an open hand the thumb alone bends over what lies in it, the tips of the others now and then.
    chains = CHAINS if view.curled or rng.random() < 0.4 else CHAINS[:1]
    for number, chain in enumerate(chains):
        joints = chain[1:] if number == 0 or view.curled else chain[2:]
        line = np.round(view.points[list(joints)] * 8).astype(np.int32)
        cv2.polylines(lines, [line], isClosed=False, color=255, thickness=thickness, shift=3)
    return np.minimum(lines, view.mask)


def _placed(thing: Thing, target: Affine, angle_rad: float, anchor: float = 0.5) -> Affine:
    """Return the map that puts the thing's axis, at the share `anchor` of it, on `target`; upright at angle 0."""
    height, width = thing.opacity.shape
    source = np.array([width / 2, height * anchor])
    return placement(scale_xy=(1.0, 1.0), angle_rad=angle_rad, mirrored=False, source=source, target=target)


def _through(rng: np.random.Generator, view: OpenView, thing: Thing, name: str) -> Affine:
    """Place a thing through the grip: across the palm; a stick between two finger tips as well."""
    points = view.points.astype(np.float64)
    along = points[MIDDLE_ROOT] - points[WRIST]
    across = points[PINKY_ROOT] - points[INDEX_ROOT]
    if np.linalg.norm(across) < 0.4 * view.palm_px:
        across = np.array([-along[1], along[0]])
    if name == "stick" and rng.random() < 0.6:
        between = ((4, 8), (7, 11), (8, 12))[int(rng.integers(3))]
        return _placed(thing, points[list(between)].mean(0), rng.uniform(-np.pi, np.pi), rng.uniform(0.1, 0.9))
    if view.curled:
        target = points[[5, 9, 13, 17, 6, 10, 14, 18, 8, 12, 16, 20]].mean(0)
        axis, spread = across, 0.3
    else:
        target = points[[0, 5, 9, 13, 17, 9]].mean(0)
        axis, spread = (along if rng.random() < 0.7 else across), 0.5
    angle = float(np.arctan2(axis[1], axis[0]) + np.pi / 2 + rng.normal(0, spread) + np.pi * rng.integers(2))
    return _placed(thing, target + rng.normal(0, 0.08 * view.palm_px, 2), angle, rng.uniform(0.3, 0.7))


def _beside(rng: np.random.Generator, view: OpenView, thing: Thing) -> Affine:
    rows, columns = np.nonzero(view.mask)
    middle, half = np.array([columns.mean(), rows.mean()]), np.array([np.ptp(columns), np.ptp(rows)]) / 2
    direction = rng.uniform(-np.pi, np.pi)
    away = np.array([np.cos(direction), np.sin(direction)])
    reach = np.abs(away) @ half + min(thing.opacity.shape) / 2
    return _placed(thing, middle + away * reach * rng.uniform(0.95, 1.4), rng.uniform(-np.pi, np.pi))


def _behind(rng: np.random.Generator, view: OpenView, thing: Thing) -> Affine:
    target = view.points[MIDDLE_ROOT] + rng.normal(0, view.palm_px, 2)
    return _placed(thing, target, rng.uniform(-np.pi, np.pi))


def _over_border(rng: np.random.Generator, view: OpenView, thing: Thing) -> Affine:
    """Place a thing before the edge of the hand."""
    rows, columns = np.nonzero(view.mask ^ np.asarray(cv2.erode(view.mask, np.ones((3, 3), np.uint8)), np.uint8))
    chosen = int(rng.integers(len(rows)))
    return _placed(thing, np.array([columns[chosen], rows[chosen]], np.float64), rng.uniform(-np.pi, np.pi))


def _opacity(thing: Thing, matrix: Affine, view: OpenView) -> Picture:
    white = np.full_like(thing.picture, 255)
    return blend(np.zeros_like(view.picture), white, thing.opacity, matrix)[..., 0]


def _composed(rng: np.random.Generator, view: OpenView, thing: Thing, matrix: Affine, before: Picture) -> Picture:
    """Return the thing drawn behind the mask `before`, which casts a little shadow on it."""
    blur = rng.uniform(0.4, 1.2)
    softened = Thing(
        np.asarray(cv2.GaussianBlur(thing.picture, (0, 0), blur), np.uint8),
        np.asarray(cv2.GaussianBlur(thing.opacity, (0, 0), 0.7), np.uint8),
    )
    drawn = blend(view.picture, softened.picture, softened.opacity, matrix).astype(np.float32)
    shade = cv2.GaussianBlur(before, (0, 0), max(1.0, 0.08 * view.palm_px)).astype(np.float32)
    drawn *= 1 - rng.uniform(0, SHADOW) * (shade / 255)[..., None]
    front = cv2.GaussianBlur(before, (0, 0), rng.uniform(0.5, 1.0)).astype(np.float32)[..., None] / 255
    # Where there is no thing the picture stays as it was.
    there = _opacity(softened, matrix, view).astype(np.float32)[..., None] / 255 * (1 - front)
    return np.asarray(np.round(view.picture * (1 - there) + drawn * there), np.uint8)
