# SPDX-License-Identifier: Apache-2.0
"""Random still pictures of hands with their truth, for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.scene.appearance import random_lamp, random_look
from edge.scene.background import random_background
from edge.scene.capsules import Clothing, HandPose
from edge.scene.effects import camera_effects
from edge.scene.gestures import GESTURE_NAMES, random_gesture
from edge.scene.painter import PaintedHand, default_lens, painted
from edge.scene.skeleton import HAND_LENGTH_MM, random_shape
from edge.scene.truth import Lens, SceneFrame

_LEAST_SPAN, _GREATEST_SPAN = 0.04, 0.80
_PLACING_TRIES = 12


def random_clothing(rng: np.random.Generator) -> Clothing:
    """Return a sleeve from short to long, or none, and an arm that bends somewhere."""
    covered = rng.uniform() < 0.6
    return Clothing(
        cuff_mm=float(rng.uniform(12, 150)) if covered else None,
        looseness=float(rng.uniform(0.95, 1.35)),
        elbow_bend_deg=float(rng.uniform(10, 110)),
        elbow_turn_deg=float(rng.uniform(0, 360)),
    )


def random_hand(
    rng: np.random.Generator, lens: Lens, *, centre_px: tuple[float, float], span_px: float, gesture: str | None = None
) -> PaintedHand:
    """Return somebody's hand at `centre_px`, about `span_px` long when outstretched; any gesture when None."""
    shape = random_shape(rng)
    name = gesture or str(rng.choice(GESTURE_NAMES))
    made = random_gesture(rng, name)
    z = lens.focal_px * HAND_LENGTH_MM * shape.scale / span_px
    x = (centre_px[0] - lens.centre_x_px) / lens.focal_px * z
    y = (centre_px[1] - lens.centre_y_px) / lens.focal_px * z
    pose = HandPose(
        angles_deg=made.angles_deg,
        yaw_deg=made.yaw_deg,
        pitch_deg=made.pitch_deg,
        roll_deg=made.roll_deg,
        wrist_flexion_deg=float(np.clip(rng.normal(-8, 16), -50, 45)),
        wrist_deviation_deg=float(np.clip(rng.normal(0, 9), -22, 22)),
        centre_mm=np.array([x, y, z]),
        handedness="left" if rng.uniform() < 0.5 else "right",
    )
    return PaintedHand(shape, pose, random_look(rng), random_clothing(rng), name)


def _places(rng: np.random.Generator, width_px: int, height_px: int, hands: int) -> list[tuple[float, float, float]]:
    """Return centre x, centre y and span in pixels of each hand; mostly apart, sometimes cut by the border."""
    crowd = 1.0 if hands == 1 else 1.2 / np.sqrt(hands)
    greatest = max(_GREATEST_SPAN * min(1.0, crowd), 2 * _LEAST_SPAN)
    common = np.exp(rng.uniform(np.log(_LEAST_SPAN), np.log(greatest)))
    found: list[tuple[float, float, float]] = []
    for _ in range(hands):
        for attempt in range(_PLACING_TRIES):
            span = float(np.clip(common * np.exp(rng.normal(0, 0.3)), _LEAST_SPAN, greatest)) * height_px
            inset = span * (rng.uniform(-0.15, 0.2) if rng.uniform() < 0.2 else 0.45)
            x = rng.uniform(*sorted((inset, width_px - inset)))
            y = rng.uniform(*sorted((inset, height_px - inset)))
            # Hands that overlap must differ in depth, or they would run into each other.
            clear = all(
                np.hypot(x - x2, y - y2) > 0.5 * (span + span2)
                or (max(span, span2) > 1.5 * min(span, span2) and np.hypot(x - x2, y - y2) > 0.35 * max(span, span2))
                for x2, y2, span2 in found
            )
            if clear or attempt == _PLACING_TRIES - 1 and not found:
                found.append((x, y, span))
                break
    return found


def render_hand_sample(
    rng: np.random.Generator,
    width_px: int,
    height_px: int,
    hands: int,
    backgrounds: Sequence[npt.NDArray[np.uint8]] | None = None,
) -> SceneFrame:
    """Render one random still picture with up to `hands` hands and their truth.

    Hands are 4 % to 80 % of the height long, of every skin tone, gesture and direction; fewer are drawn where no place is
    left. `backgrounds` are pictures (H, W, 3) uint8 BGR without hands, from which a part is taken; None paints one.
    The same state of `rng` gives the same picture. Raises ValueError for sizes below 1 and a negative count.
    """
    if width_px < 1 or height_px < 1 or hands < 0:
        raise ValueError(f"a sample needs a size of at least 1x1 and 0 or more hands, got {width_px}x{height_px}, {hands}")
    base = default_lens(width_px, height_px)
    lens = Lens(base.focal_px * float(np.exp(rng.normal(0, 0.2))), base.centre_x_px, base.centre_y_px)
    background = random_background(rng, width_px, height_px, backgrounds)
    drawn = [
        random_hand(rng, lens, centre_px=(x, y), span_px=span) for x, y, span in _places(rng, width_px, height_px, hands)
    ]
    lamp = random_lamp(rng)
    frame = painted(background, drawn, lamp, lens)
    return SceneFrame(camera_effects(rng, frame.bgr), frame.truth)
