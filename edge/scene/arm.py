# SPDX-License-Identifier: Apache-2.0
"""The arm behind a hand: forearm, upper arm and what covers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.scene.capsule import CAPSULE_COLUMNS, SLEEVE_CHAIN, Part, Row, capsule_row
from edge.scene.skeleton import FloatArray

FOREARM_MM = 255.0
UPPER_ARM_MM = 290.0
# A sleeve that ends further from the wrist than this is short: it covers the upper arm only.
_SHORT_SLEEVE_MM = 225.0


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """An arm: `elbow_mm` and `shoulder_mm` (3,) float64 in camera space; the sleeve ends `cuff_mm` past the wrist."""

    elbow_mm: FloatArray
    shoulder_mm: FloatArray
    cuff_mm: float
    looseness: float

    def __repr__(self) -> str:
        return f"Arm(cuff_mm={self.cuff_mm:.0f})"


def elbow_between(wrist_mm: FloatArray, shoulder_mm: FloatArray, wanted_mm: FloatArray, scale: float) -> FloatArray:
    """Return the elbow (3,) nearest to `wanted_mm` that both bones reach; too short, the arm stretches."""
    fore, upper = FOREARM_MM * scale, UPPER_ARM_MM * scale
    gap = shoulder_mm - wrist_mm
    reach = float(np.linalg.norm(gap)) + 1e-9
    along = gap / reach
    if reach >= fore + upper:
        return np.asarray(wrist_mm + along * reach * fore / (fore + upper))
    reach = max(reach, abs(upper - fore) + 1.0)
    foot = (fore**2 - upper**2 + reach**2) / (2 * reach)
    aside = wanted_mm - wrist_mm
    aside = aside - along * (aside @ along)
    if np.linalg.norm(aside) < 1.0:
        aside = np.cross(along, [1.0, 0.0, 0.0]) + np.array([0.0, 1e-3, 0.0])
    height = np.sqrt(max(fore**2 - foot**2, 0.0))
    return np.asarray(wrist_mm + along * foot + aside / np.linalg.norm(aside) * height)


def arm_rows(wrist_mm: FloatArray, thumbward: FloatArray, arm: Arm, scale: float) -> tuple[FloatArray, FloatArray]:
    """Return the capsules (S, 20) of the skin and (C, 20) of the sleeve; `thumbward` (3,) is the palm's x axis."""
    along = arm.elbow_mm - wrist_mm
    length = float(np.linalg.norm(along))
    along = along / length
    side = thumbward - along * (thumbward @ along)
    side /= np.linalg.norm(side) + 1e-9
    back = np.cross(side, along)
    skin = [
        capsule_row(
            wrist_mm + (side * near - along * 6) * scale,
            wrist_mm + along * (length - 10 * scale) + side * far * scale,
            (14.5 * scale, 31 * scale),
            blend=13 * scale,
            part=Part.FOREARM,
            bulge=3 * scale,
            dorsal=back,
        )
        for near, far in ((10.5, 15.0), (-9.5, -16.0))
    ]
    skin.append(_upper(arm, 0.0, (44 * scale, 52 * scale), Part.FOREARM, blend=25 * scale, chain=0))
    cloth: list[Row] = []
    loose = arm.looseness * scale
    if arm.cuff_mm < _SHORT_SLEEVE_MM:
        cuff = wrist_mm + along * min(arm.cuff_mm * scale, 0.9 * length)
        width = 31 + 13 * arm.cuff_mm / FOREARM_MM
        cloth.append(
            capsule_row(cuff, arm.elbow_mm, (width * loose, 48 * loose), blend=20, part=Part.SLEEVE, chain=SLEEVE_CHAIN)
        )
        cloth.append(_upper(arm, 0.0, (49 * loose, 60 * loose), Part.CLOTH, blend=20 * scale, chain=SLEEVE_CHAIN))
    else:
        cloth.append(_upper(arm, 0.4, (56 * loose, 62 * loose), Part.SLEEVE, blend=20 * scale, chain=SLEEVE_CHAIN))
    return np.array(skin).reshape(-1, CAPSULE_COLUMNS), np.array(cloth).reshape(-1, CAPSULE_COLUMNS)


def _upper(arm: Arm, begin: float, radii: tuple[float, float], part: Part, *, blend: float, chain: int) -> Row:
    start = arm.elbow_mm * (1 - begin) + arm.shoulder_mm * begin
    return capsule_row(start, arm.shoulder_mm, radii, blend=blend, part=part, chain=chain)
