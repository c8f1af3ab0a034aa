# SPDX-License-Identifier: Apache-2.0
"""Draws posed hands over a picture and says exactly where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge import _native
from edge.scene.appearance import Lamp, Look
from edge.scene.capsules import Clothing, HandPose, fleshed
from edge.scene.skeleton import HAND_LENGTH_MM, HandShape
from edge.scene.skin import skin_maps
from edge.scene.truth import Lens, SceneFrame, truth_from_drawing

_HAND_COLUMNS = 36
_ARM_MARGIN_MM = 6.0
# Hands smaller than this are drawn with four rays a pixel: fingers are then a few pixels wide.
_FINE_BELOW_PX = 150.0


@dataclass(frozen=True, slots=True)
class PaintedHand:
    """Everything that decides how one hand is drawn."""

    shape: HandShape
    pose: HandPose
    look: Look
    clothing: Clothing
    gesture: str

    def length_px(self, lens: Lens) -> float:
        """Return the length of the outstretched hand on the picture."""
        return float(HAND_LENGTH_MM * self.shape.scale * lens.focal_px / self.pose.centre_mm[2])


def default_lens(width_px: int, height_px: int) -> Lens:
    """Return the lens of a common camera: about 60 degrees across the longer side."""
    return Lens(0.87 * max(width_px, height_px), width_px / 2, height_px / 2)


def painted(
    background_bgr: npt.NDArray[np.uint8], hands: list[PaintedHand], lamp: Lamp, lens: Lens, *, fine: bool = False
) -> SceneFrame:
    """Draw hands over a copy of a picture (H, W, 3) uint8; `fine` spends four rays a pixel on every hand."""
    picture = np.array(background_bgr, np.uint8, order="C")
    height, width = picture.shape[:2]
    ids = np.zeros((height, width), np.uint8)
    depth = np.full((height, width), np.inf, np.float32)
    fleshes = [fleshed(hand.shape, hand.pose, hand.clothing) for hand in hands]
    rows = np.zeros((len(hands), _HAND_COLUMNS), np.float32)
    first = 0
    for row, hand, flesh in zip(rows, hands, fleshes, strict=True):
        small = fine or hand.length_px(lens) < _FINE_BELOW_PX
        row[:5] = first, len(flesh.bones), hand.shape.scale, _ARM_MARGIN_MM * hand.shape.scale, 2 if small else 1
        row[5:8], row[8:17], row[17:20] = flesh.joints_mm[0], flesh.axes.reshape(-1), flesh.arm
        look = hand.look
        row[20:35] = [*look.back, *look.palm, *look.nail, *look.sleeve, look.gloss, look.relief, look.sleeve_weave]
        first += len(flesh.bones)
    if hands:
        _native.render_hands(
            picture,
            ids,
            depth,
            np.concatenate([flesh.bones for flesh in fleshes]),
            rows,
            [skin_maps(hand.look.maps_variant).at(HAND_LENGTH_MM / hand.length_px(lens)) for hand in hands],
            lamp.row().astype(np.float32),
            np.array([lens.focal_px, lens.centre_x_px, lens.centre_y_px], np.float32),
        )
    truth = truth_from_drawing(
        ids,
        depth,
        lens,
        fleshes=fleshes,
        gestures=[hand.gesture for hand in hands],
        handedness=[hand.pose.handedness for hand in hands],
    )
    return SceneFrame(picture, truth)
