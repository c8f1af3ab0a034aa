# SPDX-License-Identifier: Apache-2.0
"""How the crops of hands are varied where their keypoints or masks move with them."""

from __future__ import annotations

from pydantic import PositiveFloat

from training.recipe.shared import Fraction, StrictRecipe


class PlacementAugment(StrictRecipe):
    """Chances and ranges of the crops; shifts and scales are fractions of the crop's side.

    `any_rotation` is the chance of any angle at all, others are normal with `rotation_rad`. `far` is the chance of a
    hand seen from afar: in as few as `farthest_px` pixels on its longer side.
    """

    shift: Fraction = 0.08
    scale: Fraction = 0.2
    rotation_rad: float = 0.4
    any_rotation: Fraction = 0.3
    backdrop: Fraction = 0.3
    far: Fraction = 0.4
    farthest_px: PositiveFloat = 14.0
