# SPDX-License-Identifier: Apache-2.0
"""Random still pictures of hands with their truth, for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.scene.appearance import random_lamp
from edge.scene.background import random_background
from edge.scene.cast import random_cast
from edge.scene.effects import camera_effects
from edge.scene.painter import Backdrop, backdrop_from_picture, default_lens, draw_body, painted
from edge.scene.truth import Lens, SceneFrame

# Still pictures need not be fast.
_FINE_BELOW_PX = 400.0


def _defocused(rng: np.random.Generator, backdrop: Backdrop) -> Backdrop:
    import cv2

    radius = rng.uniform(0.0, 0.008) * max(backdrop.bgr.shape[:2])
    if radius < 0.4:
        return backdrop
    return Backdrop(np.asarray(cv2.GaussianBlur(backdrop.bgr, (0, 0), radius), np.uint8), backdrop.depth_mm)


def render_hand_sample(
    rng: np.random.Generator,
    width_px: int,
    height_px: int,
    hands: int,
    backgrounds: Sequence[npt.NDArray[np.uint8]] | None = None,
) -> SceneFrame:
    """Render one random still picture with up to `hands` hands and their truth.

    Hands are 4 % to 80 % of the height long, of every skin tone, gesture and direction; fewer are drawn where no place
    is left. `backgrounds` are pictures (H, W, 3) uint8 BGR without hands, from which a part is taken; None paints one.
    The same state of `rng` gives the same picture. Raises ValueError for sizes below 1 and a negative count.
    """
    if width_px < 1 or height_px < 1 or hands < 0:
        raise ValueError(
            f"a sample needs a size of at least 1x1 and 0 or more hands, got {width_px}x{height_px}, {hands}"
        )
    base = default_lens(width_px, height_px)
    lens = Lens(base.focal_px * float(np.exp(rng.normal(0, 0.2))), base.centre_x_px, base.centre_y_px)
    backdrop = backdrop_from_picture(random_background(rng, width_px, height_px, backgrounds))
    drawn, bodies = random_cast(rng, lens, width_px, height_px, hands)
    lamp = random_lamp(rng)
    for body in bodies:
        draw_body(backdrop, body, lamp, lens)
    frame = painted(_defocused(rng, backdrop), drawn, lamp, lens, fine_below_px=_FINE_BELOW_PX)
    return SceneFrame(camera_effects(rng, frame.bgr), frame.truth)
