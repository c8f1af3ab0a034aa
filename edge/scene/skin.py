# SPDX-License-Identifier: Apache-2.0
"""Detail maps of a hand's skin: creases, wrinkles, tendons, veins, grain, redness and nails.

Four maps (finger, thumb, palm, back of the hand) of 256 x 256, five channels each: slope along u, slope along v
(128 is flat, 64 is a slope of 1), lightness (128 is unchanged), redness, nail.
Finger maps: u is the angle around the bone (0.5 on its back), v runs from -0.3 at the knuckle to 3.6 past the tip.
Palm maps: u is 110 mm across from the little finger's side, v 130 mm from 20 mm below the wrist.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

SIDE = 256
CHANNELS = 5
MapArray = npt.NDArray[np.uint8]
Grid = npt.NDArray[np.floating[Any]]

_CENTRES = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE
_V_FINGER, _U_FINGER = np.meshgrid(_CENTRES * 3.9 - 0.3, (_CENTRES - 0.5) * (2 * np.pi), indexing="ij")
_Y_PALM, _X_PALM = np.meshgrid(_CENTRES * 130 - 20, (_CENTRES - 0.5) * 110, indexing="ij")
# Millimetres of a texel along u and v.
_FINGER_TEXEL_MM = (0.20, 0.41)
_PALM_TEXEL_MM = (110 / SIDE, 130 / SIDE)


@dataclass(slots=True, eq=False)
class _Relief:
    """A map in the making: height in millimetres, the rest 0..1 (lightness -1..1); (256, 256) float32 each."""

    height: Grid
    light: Grid
    red: Grid
    nail: Grid

    def crease(self, groove: Grid, *, depth_mm: float, dark: float) -> None:
        self.height -= depth_mm * groove
        self.light -= dark * groove


def _blank() -> _Relief:
    return _Relief(*(np.zeros((SIDE, SIDE), np.float32) for _ in range(4)))


def _smooth(low: float, high: float, x: Grid) -> Grid:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _noise(rng: np.random.Generator, sigma_u: float, sigma_v: float) -> Grid:
    """Return smooth noise (256, 256) of unit variance, `sigma` in texels, periodic in both directions."""
    import cv2

    # Coarse noise is made small and scaled up.
    shrink = 4 if min(sigma_u, sigma_v) >= 6 else 1
    side = SIDE // shrink
    fu, fv = np.fft.rfftfreq(side)[None] * sigma_u / shrink, np.fft.fftfreq(side)[:, None] * sigma_v / shrink
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * np.exp(-2 * np.pi**2 * (fu**2 + fv**2))
    raw = np.fft.irfft2(spectrum, s=(side, side))
    field = np.asarray(raw / raw.std(), np.float32)
    if shrink == 1:
        return field
    wrapped = np.pad(field, 2, mode="wrap")
    large = cv2.resize(wrapped, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[2 * shrink : -2 * shrink, 2 * shrink : -2 * shrink], np.float32)


def _finger(rng: np.random.Generator, *, thumb: bool) -> _Relief:
    relief = _blank()
    v, angle = _V_FINGER, _U_FINGER
    back = _smooth(-0.2, 0.6, np.cos(angle))
    front = _smooth(-0.1, 0.5, -np.cos(angle))
    wobble = 0.025 * _noise(rng, 18, 10)
    for joint, offsets in ((1.0, (-0.05, 0.06)), (2.0, (0.0,)), (0.46, (-0.03, 0.05))):
        if thumb and joint < 0.9:
            continue
        for offset in offsets:
            place = joint + offset + wobble - 0.03 * np.cos(2 * angle)
            relief.crease(np.exp(-(((v - place) * 43) ** 2)) * front, depth_mm=0.22, dark=0.13)
    for joint, spread, count in ((1.0, 0.20, 6), (2.0, 0.10, 4)):
        if thumb and joint < 1.5:
            continue
        for line in np.linspace(-1, 1, count):
            arch = joint + spread * line * (1 - 0.35 * (angle / 1.2) ** 2) + 0.6 * wobble
            fade = back * np.exp(-((angle / 0.75) ** 2))
            relief.crease(np.exp(-(((v - arch) * 52) ** 2)) * fade, depth_mm=0.16, dark=0.07)
        relief.red += 0.5 * back * np.exp(-(((v - joint) / 0.2) ** 2))
    # The knuckle belongs to the back of the hand and to the finger: both paint it.
    relief.red += 0.45 * back * np.exp(-((v * 4.6) ** 2))
    relief.red += 0.55 * _smooth(2.3, 3.3, v) * front + 0.12 * front
    away = _smooth(0.2, 0.6, v)
    relief.light += 0.030 * _noise(rng, 10, 6) * away
    relief.red += 0.10 * _noise(rng, 14, 8) * away
    relief.height += 0.018 * _noise(rng, 1.1, 0.8) + 0.02 * _noise(rng, 2.6, 1.0)
    _nail(relief, width=1.02 if thumb else 0.95, length=0.80 if thumb else 0.74)
    return relief


def _nail(relief: _Relief, *, width: float, length: float) -> None:
    v, angle = _V_FINGER, np.abs(_U_FINGER)
    across = angle / width
    root = 3.30 - length
    along = (v - (root + length / 2)) / (length / 2)
    # A superellipse: straight sides, round corners.
    edge = (across**4 + np.abs(along) ** 4) ** 0.25
    inside = 1 - _smooth(0.93, 1.03, edge)
    relief.height *= 1 - inside
    relief.light *= 1 - 0.6 * inside
    relief.nail += inside
    rim = np.exp(-(((edge - 1.05) / 0.07) ** 2))
    relief.height -= 0.5 * rim
    relief.light -= 0.12 * rim * (v < root + 0.85 * length)
    moon = inside * (1 - _smooth(0.15, 0.25, (v - root) / length + 0.12 * across**2))
    relief.light += 0.06 * moon + 0.12 * inside * _smooth(3.20, 3.25, v)
    relief.red += 0.25 * inside * (1 - moon)


def _stroke(points: npt.ArrayLike, width_mm: float) -> Grid:
    """Return a soft line (256, 256): 1 on a curve through `points` (K, 2) in palm millimetres, 0 well beside it."""
    import cv2

    control = np.asarray(points, np.float64)
    knots = np.linspace(0, 1, len(control))
    degree = min(3, len(control) - 1)
    t = np.linspace(0, 1, 16)
    curve = np.stack([np.polyval(np.polyfit(knots, control[:, axis], degree), t) for axis in range(2)], axis=1)
    texels = (curve + np.array([55.0, 20.0])) / _PALM_TEXEL_MM - 0.5
    line = np.zeros((SIDE, SIDE), np.float32)
    width = width_mm / _PALM_TEXEL_MM[0]
    thickness = max(1, round(width * 0.8))
    cv2.polylines(
        line, [np.round(texels * 16).astype(np.int32)], isClosed=False, color=1.0, thickness=thickness, shift=4
    )
    soft = np.asarray(cv2.GaussianBlur(line, (0, 0), max(0.6, 0.5 * width)), np.float32)
    return soft / max(float(soft.max()), 1e-6)


_PALM_LINES = (
    ([(31, 66), (14, 58), (3, 42), (4, 14)], 0.8, 1.1),
    ([(31, 67), (12, 62), (-12, 52), (-30, 40)], 0.7, 1.0),
    ([(-44, 63), (-22, 65), (-2, 71), (12, 84)], 0.8, 1.0),
    ([(-4, 18), (-3, 40), (-4, 62)], 0.3, 0.7),
    ([(-26, 2), (0, 0), (24, 3)], 0.35, 0.9),
    ([(-25, -5), (0, -7), (23, -4)], 0.2, 0.8),
)


def _palm(rng: np.random.Generator) -> _Relief:
    relief = _blank()
    for line, mean_strength, width in _PALM_LINES:
        moved = np.asarray(line, np.float64) + rng.normal(0, 1.6, (len(line), 2))
        strength = mean_strength * rng.uniform(0.6, 1.1)
        relief.crease(_stroke(moved, width), depth_mm=0.7 * strength, dark=0.16 * strength)
        relief.crease(_stroke(moved, 6.0), depth_mm=0.5 * strength, dark=0.04 * strength)
    for _ in range(9):
        start = rng.uniform((-35, 10), (30, 80))
        groove = _stroke([start, start + rng.normal(0, 10, 2), start + rng.normal(0, 18, 2)], 0.6)
        relief.crease(groove, depth_mm=0.15, dark=0.05)
    mounts = np.exp(-(((_Y_PALM - 74) / 14) ** 2)) + np.exp(
        -((((_X_PALM + 27) / 16) ** 2) + ((_Y_PALM - 35) / 26) ** 2)
    )
    thenar = np.exp(-(((_X_PALM - 20) / 16) ** 2) - ((_Y_PALM - 36) / 22) ** 2)
    # Towards the fingers and the wrist the palm fades to what begins there.
    inner = (1 - _smooth(74, 90, _Y_PALM)) * _smooth(0, 25, _Y_PALM)
    relief.red += 0.12 * _smooth(-5, 25, _Y_PALM) + inner * (0.35 * mounts + 0.22 * thenar + 0.12 * _noise(rng, 7, 6))
    relief.light += inner * (0.03 * _noise(rng, 12, 10) + 0.018 * _noise(rng, 3, 3))
    relief.height += 0.03 * _noise(rng, 1.2, 1.0) + 0.05 * _noise(rng, 3.0, 2.5)
    return relief


def _back(rng: np.random.Generator) -> _Relief:
    relief = _blank()
    for x, y in ((26, 87), (4, 89), (-16, 83), (-33, 73)):
        tendon = _stroke([(0.2 * x, 8), (0.62 * x, 45), (x, y)], 4.0)
        relief.height += 0.8 * tendon * _smooth(10, 60, _Y_PALM) * rng.uniform(0.5, 1.1)
        knuckle = np.exp(-(((_X_PALM - x) / 8) ** 2) - ((_Y_PALM - y) / 9) ** 2)
        relief.red += 0.45 * knuckle
        relief.height -= 0.06 * knuckle * np.abs(_noise(rng, 3.0, 0.9))
    for _ in range(4):
        start = np.array([rng.uniform(-25, 22), rng.uniform(5, 25)])
        end = start + np.array([rng.uniform(-14, 14), rng.uniform(35, 60)])
        vein = _stroke([start, (start + end) / 2 + rng.normal(0, 7, 2), end], 2.8)
        relief.height += 0.55 * vein
        relief.light -= 0.035 * vein
        relief.red -= 0.12 * vein
    relief.light += 0.025 * _noise(rng, 10, 9) + 0.012 * _noise(rng, 2, 2)
    relief.red += 0.06 * _noise(rng, 9, 9)
    relief.height += 0.028 * _noise(rng, 1.0, 0.9) + 0.03 * _noise(rng, 1.0, 2.4)
    return relief


def _encoded(relief: _Relief, texel_mm: tuple[float, float]) -> MapArray:
    slope_v, slope_u = np.gradient(relief.height)
    channels = [
        slope_u / texel_mm[0] * 64 + 128,
        slope_v / texel_mm[1] * 64 + 128,
        relief.light * 128 + 128,
        relief.red * 255,
        relief.nail * 255,
    ]
    return np.clip(np.round(np.stack(channels, axis=-1)), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class SkinMaps:
    """The detail of one person's hand at three sharpnesses, each (4, 256, 256, 5) uint8."""

    levels: tuple[MapArray, MapArray, MapArray]

    def __repr__(self) -> str:
        return f"SkinMaps({len(self.levels)} x {self.levels[0].shape})"

    def at(self, mm_per_px: float) -> MapArray:
        """Return the maps that do not alias where a pixel covers `mm_per_px`."""
        return self.levels[0 if mm_per_px < 0.6 else (1 if mm_per_px < 1.6 else 2)]


@lru_cache(maxsize=32)
def skin_maps(variant: int) -> SkinMaps:
    """Return the detail maps of person number `variant`; the same number gives the same maps."""
    import cv2

    rng = np.random.default_rng([0x5C1, variant])
    full = np.stack(
        [
            _encoded(_finger(rng, thumb=False), _FINGER_TEXEL_MM),
            _encoded(_finger(rng, thumb=True), _FINGER_TEXEL_MM),
            _encoded(_palm(rng), _PALM_TEXEL_MM),
            _encoded(_back(rng), _PALM_TEXEL_MM),
        ]
    )
    blurred = [
        np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in full]).astype(np.uint8) for sigma in (1.8, 5.0)
    ]
    return SkinMaps((full, blurred[0], blurred[1]))
