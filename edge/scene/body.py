# SPDX-License-Identifier: Apache-2.0
"""Somebody to whom a hand belongs: head with a face, neck and clothed trunk, so that skin alone is no hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.scene.appearance import Look, linear_from_srgb, random_cloth
from edge.scene.capsule import Part, capsule_row
from edge.scene.skeleton import FloatArray, rotation_about

# From the middle of the head; x to the picture's right, y down, z away, millimetres.
SHOULDER_MM = np.array([178.0, 200.0, 45.0])

_Piece = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float], float]
_HEAD: tuple[_Piece, ...] = (
    ((0, -22, 14), (0, -8, 10), (77, 76), 20),
    ((0, 28, -8), (0, 58, -22), (57, 40), 28),
    ((-34, 22, -42), (34, 22, -42), (30, 30), 22),
    ((0, -2, -70), (0, 26, -88), (7, 11), 12),
    ((-76, 4, 16), (-79, 26, 12), (9, 7), 5),
    ((76, 4, 16), (79, 26, 12), (9, 7), 5),
    ((0, 70, 22), (0, 160, 38), (50, 56), 18),
)
_HAIR: tuple[_Piece, ...] = (
    ((0, -46, 22), (0, -30, 40), (82, 84), 20),
    ((-20, -84, -18), (34, -82, -18), (34, 32), 20),
    ((-46, -27, -66), (-20, -31, -74), (4, 5), 3),
    ((20, -31, -74), (46, -27, -66), (5, 4), 3),
)
_LONG_HAIR: tuple[_Piece, ...] = (
    ((-72, -10, 34), (-84, 120, 46), (34, 30), 25),
    ((72, -10, 34), (84, 120, 46), (34, 30), 25),
)
_EYES: tuple[_Piece, ...] = (
    ((-37, -8, -68), (-25, -8, -73), (5.5, 5.5), 2),
    ((25, -8, -73), (37, -8, -68), (5.5, 5.5), 2),
)
_MOUTH: tuple[_Piece, ...] = (
    ((-21, 55, -62), (21, 55, -62), (4.5, 4.5), 4),
    ((-12, 56, -66), (12, 56, -66), (7, 7), 8),
)
_TRUNK: tuple[_Piece, ...] = (
    ((-160, 200, 50), (160, 200, 50), (56, 56), 60),
    ((-95, 285, 48), (-72, 900, 60), (98, 110), 60),
    ((95, 285, 48), (72, 900, 60), (98, 110), 60),
    ((0, 170, 44), (0, 880, 45), (66, 118), 60),
)
_LEGS: tuple[_Piece, ...] = (
    ((-85, 880, 58), (-95, 1330, 55), (98, 68), 30),
    ((-95, 1330, 55), (-100, 1800, 80), (66, 50), 30),
    ((85, 880, 58), (95, 1330, 55), (98, 68), 30),
    ((95, 1330, 55), (100, 1800, 80), (66, 50), 30),
)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Somebody facing the camera: `head_mm` (3,) middle of the head in camera space; colours are linear RGB (3,)."""

    head_mm: FloatArray
    scale: float
    head_yaw_deg: float
    head_pitch_deg: float
    look: Look
    hair: FloatArray
    trousers: FloatArray
    long_hair: bool

    def __repr__(self) -> str:
        return f"Body(head_mm={np.round(self.head_mm).tolist()})"

    def shoulder_mm(self, sign: float) -> FloatArray:
        """Return the shoulder (3,) on the picture's right (`sign` 1) or left (-1)."""
        return np.asarray(self.head_mm + SHOULDER_MM * [sign, 1.0, 1.0] * self.scale)

    def layers(self) -> list[tuple[npt.NDArray[np.float32], FloatArray]]:
        """Return capsules (P, 20) float32 and their colour (3,), one pair for each thing of one colour."""
        hair = _HAIR + (_LONG_HAIR if self.long_hair else ())
        lips = self.look.back * np.array([0.72, 0.45, 0.48])
        return [
            (self._capsules(_LEGS, turned=False), self.trousers),
            (self._capsules(_TRUNK, turned=False), self.look.sleeve),
            (self._capsules(_HEAD, turned=True), self.look.back),
            (self._capsules(hair, turned=True), self.hair),
            (self._capsules(_MOUTH, turned=True), lips),
            (self._capsules(_EYES, turned=True), np.array([0.03, 0.02, 0.02])),
        ]

    def _capsules(self, pieces: tuple[_Piece, ...], *, turned: bool) -> npt.NDArray[np.float32]:
        turn = rotation_about(1, self.head_yaw_deg) @ rotation_about(0, self.head_pitch_deg) if turned else np.eye(3)
        rows = []
        for start, end, (first, last), blend in pieces:
            ends = [turn @ np.array(point) * self.scale + self.head_mm for point in (start, end)]
            radii = (first * self.scale, last * self.scale)
            rows.append(capsule_row(ends[0], ends[1], radii, blend=blend * self.scale, part=Part.CLOTH))
        return np.array(rows, np.float32)


def random_body(rng: np.random.Generator, head_mm: FloatArray, look: Look) -> Body:
    """Return somebody with this skin and these clothes."""
    shade = rng.uniform(0.01, 0.35) ** 1.5
    tint = np.array([1.0, rng.uniform(0.6, 0.9), rng.uniform(0.35, 0.8)])
    return Body(
        head_mm=head_mm,
        scale=float(rng.uniform(0.92, 1.06)),
        head_yaw_deg=float(np.clip(rng.normal(0, 18), -45, 45)),
        head_pitch_deg=float(np.clip(rng.normal(0, 8), -20, 20)),
        look=look,
        hair=shade * tint,
        trousers=linear_from_srgb(random_cloth(rng)),
        long_hair=bool(rng.uniform() < 0.4),
    )
