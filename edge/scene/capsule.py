# SPDX-License-Identifier: Apache-2.0
"""One tapered capsule, in the row of numbers that the native renderer reads."""

from __future__ import annotations

import enum

import numpy as np

from edge.scene.skeleton import FloatArray

CAPSULE_COLUMNS = 20
Row = list[float]

# What blends: the palm with the arm, each finger along itself and with the palm, a sleeve with nothing.
FLESH_CHAIN, SLEEVE_CHAIN = 0, 6


class Part(enum.IntEnum):
    """What a capsule is made of; the values are those of the native renderer."""

    PALM = 0
    FINGER = 1
    THUMB = 2
    FOREARM = 3
    SLEEVE = 4
    CLOTH = 5


_NOWHERE = np.zeros(3)
_AWAY_FROM_PALM = np.array([0.0, 0.0, -1.0])


def capsule_row(
    start: FloatArray,
    end: FloatArray,
    radii: tuple[float, float],
    *,
    blend: float,
    part: Part,
    chain: int = FLESH_CHAIN,
    bulge: float = 0.0,
    bow: FloatArray = _NOWHERE,
    v: tuple[float, float] = (0.0, 0.0),
    dorsal: FloatArray = _AWAY_FROM_PALM,
) -> Row:
    """Return the 20 numbers of a capsule from `start` to `end` (3,), all lengths in millimetres.

    `radii` at both ends; `bulge` and `bow` (3,) add to the radius and shift the axis half way; `blend` is how far it
    melts into its neighbours of the same `chain`; `v` is its stretch of the finger's detail map, `dorsal` (3,) the
    direction of that map's middle.
    """
    return [*start, *end, *radii, bulge, *bow, blend, float(chain), float(part), *v, *dorsal]
