# SPDX-License-Identifier: Apache-2.0
"""How a hand and its light look: skin tones from very light to very dark, sleeves, lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.scene.skeleton import FloatArray

# sRGB of the back of the hand and of the palm, very light to very dark.
_BACK_SRGB = np.array(
    [
        [235, 205, 186],
        [228, 184, 160],
        [210, 160, 130],
        [184, 134, 102],
        [146, 100, 72],
        [104, 70, 52],
        [66, 46, 38],
    ],
    np.float64,
)
_PALM_SRGB = np.array(
    [
        [240, 200, 184],
        [234, 186, 166],
        [224, 172, 148],
        [206, 154, 128],
        [184, 134, 108],
        [164, 116, 94],
        [140, 98, 82],
    ],
    np.float64,
)


def linear_from_srgb(srgb: FloatArray) -> FloatArray:
    """Return linear light 0..1 of sRGB values 0..255, any shape (IEC 61966-2-1)."""
    x = np.asarray(srgb, np.float64) / 255.0
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The surface of one hand; colours are linear RGB (3,) float64, `maps_variant` numbers its detail maps."""

    back: FloatArray
    palm: FloatArray
    nail: FloatArray
    sleeve: FloatArray
    gloss: float
    relief: float
    sleeve_weave: float
    maps_variant: int

    def __repr__(self) -> str:
        return f"Look(maps_variant={self.maps_variant}, gloss={self.gloss:.2f})"


@dataclass(frozen=True, slots=True, eq=False)
class Lamp:
    """Light of a scene: `direction` (3,) towards the key light in camera space; colours linear RGB (3,)."""

    direction: FloatArray
    colour: FloatArray
    sky: FloatArray
    ground: FloatArray
    fill: FloatArray

    def __repr__(self) -> str:
        return f"Lamp(direction={np.round(self.direction, 2).tolist()})"

    def row(self) -> FloatArray:
        """Return the (15,) float64 values the renderer reads."""
        return np.concatenate([self.direction, self.colour, self.sky, self.ground, self.fill])


MAPS_VARIANTS = 16


def random_look(rng: np.random.Generator, *, tone: float | None = None) -> Look:
    """Return one person's skin and sleeve; `tone` 0 (very light) to 1 (very dark), drawn evenly when None."""
    place = (rng.uniform() if tone is None else float(np.clip(tone, 0, 1))) * (len(_BACK_SRGB) - 1)
    index = np.arange(len(_BACK_SRGB))
    hue = rng.normal(0.0, 1.0, 2)
    cast = np.array([2.0 * hue[0], -1.0 * hue[0] + hue[1], -3.0 * hue[1]])
    back = np.array([np.interp(place, index, _BACK_SRGB[:, c]) for c in range(3)]) + cast
    palm = np.array([np.interp(place, index, _PALM_SRGB[:, c]) for c in range(3)]) + cast
    nail = 0.55 * palm + 0.45 * np.array([240, 200, 190])
    return Look(
        back=linear_from_srgb(np.clip(back, 8, 255)),
        palm=linear_from_srgb(np.clip(palm, 8, 255)),
        nail=linear_from_srgb(np.clip(nail, 8, 255)),
        sleeve=linear_from_srgb(random_cloth(rng)),
        gloss=float(rng.uniform(0.03, 0.13)),
        relief=float(rng.uniform(0.6, 1.1)),
        sleeve_weave=float(rng.choice([0.0, 0.15, 0.4, 1.0])),
        maps_variant=int(rng.integers(MAPS_VARIANTS)),
    )


def random_cloth(rng: np.random.Generator) -> FloatArray:
    """Return the sRGB colour (3,) of a garment: mostly dark, grey or muted."""
    grey = rng.uniform(15, 235)
    vivid = rng.uniform(20, 220, 3)
    amount = float(rng.choice([0.08, 0.35, 0.8], p=[0.5, 0.3, 0.2]))
    return np.asarray(grey * (1 - amount) + vivid * amount)


def random_lamp(rng: np.random.Generator) -> Lamp:
    """Return the light of one scene: from warm to cool, from soft to harsh, mostly from above and before the hand."""
    direction = np.array([rng.normal(0, 0.65), -abs(rng.normal(0.55, 0.35)), -abs(rng.normal(0.75, 0.35)) - 0.1])
    direction /= np.linalg.norm(direction)
    warmth = rng.normal(0, 0.10)
    colour = np.array([1 + warmth, 1.0, 1 - 1.2 * warmth])
    ambient_warmth = rng.normal(0, 0.07)
    ambient = np.array([1 + ambient_warmth, 1.0, 1 - 1.2 * ambient_warmth])
    exposure = float(np.exp(rng.normal(-0.06, 0.18)))
    harsh = rng.uniform(0.25, 0.8)
    return Lamp(
        direction=direction,
        colour=colour * exposure * (0.35 + 0.85 * harsh),
        sky=ambient * exposure * (0.62 - 0.45 * harsh),
        ground=ambient * np.array([1.04, 1.0, 0.94]) * exposure * (0.34 - 0.22 * harsh),
        fill=ambient * exposure * (0.22 - 0.10 * harsh),
    )
