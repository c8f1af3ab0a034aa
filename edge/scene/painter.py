# SPDX-License-Identifier: Apache-2.0
"""Draws posed hands and bodies over a picture and says exactly where the hands are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge import _native
from edge.scene.appearance import Lamp, Look
from edge.scene.arm import Arm
from edge.scene.body import Body
from edge.scene.flesh import Flesh, HandPose, fleshed
from edge.scene.skeleton import HAND_LENGTH_MM, HandShape
from edge.scene.skin import SkinMaps, skin_maps
from edge.scene.truth import Lens, SceneFrame, truth_from_drawing

Picture = npt.NDArray[np.uint8]
# Capsules (P, 20), their row (36,), detail maps, millimetres a pixel.
_DrawnPart = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], SkinMaps, float]
_HAND_COLUMNS = 36
_ARM_MARGIN_MM = 6.0
_NEVER_HAND_MM = -1.0e6
# Hands smaller than this are drawn with four rays a pixel: fingers are then a few pixels wide.
FINE_BELOW_PX = 90.0


@dataclass(frozen=True, slots=True, eq=False)
class PaintedHand:
    """Everything that decides how one hand is drawn."""

    shape: HandShape
    pose: HandPose
    arm: Arm
    look: Look
    gesture: str

    def length_px(self, lens: Lens) -> float:
        """Return the length of the outstretched hand on the picture."""
        return float(HAND_LENGTH_MM * self.shape.scale * lens.focal_px / self.pose.centre_mm[2])


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """What is behind the hands: `bgr` (H, W, 3) uint8, `depth_mm` (H, W) float32, infinite where nothing is drawn."""

    bgr: Picture
    depth_mm: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        return f"Backdrop(bgr={self.bgr.shape})"


def backdrop_from_picture(background_bgr: Picture) -> Backdrop:
    """Return a copy of a picture (H, W, 3) uint8 as something infinitely far away."""
    picture = np.array(background_bgr, np.uint8, order="C")
    return Backdrop(picture, np.full(picture.shape[:2], np.inf, np.float32))


def default_lens(width_px: int, height_px: int) -> Lens:
    """Return the lens of a common camera: about 60 degrees across the longer side."""
    return Lens(0.87 * max(width_px, height_px), width_px / 2, height_px / 2)


def _row(look: Look, colour: npt.NDArray[np.float64] | None = None) -> npt.NDArray[np.float32]:
    row = np.zeros(_HAND_COLUMNS, np.float32)
    sleeve = look.sleeve if colour is None else colour
    row[20:35] = [*look.back, *look.palm, *look.nail, *sleeve, look.gloss, look.relief, look.sleeve_weave]
    return row


def _hand_part(hand: PaintedHand, flesh: Flesh, lens: Lens, fine_below_px: float) -> _DrawnPart:
    row = _row(hand.look)
    scale, length_px = hand.shape.scale, hand.length_px(lens)
    row[2:5] = scale, _ARM_MARGIN_MM * scale, 2 if length_px < fine_below_px else 1
    row[5:8], row[8:17], row[17:20] = flesh.joints_mm[0], flesh.axes.reshape(-1), flesh.arm
    return flesh.capsules, row, skin_maps(hand.look.maps_variant), HAND_LENGTH_MM / length_px


def _draw(
    backdrop: Backdrop,
    ids: npt.NDArray[np.uint8],
    parts: Sequence[_DrawnPart],
    lamp: Lamp,
    lens: Lens,
) -> None:
    """Draw parts into the backdrop and `ids`."""
    rows = np.stack([row for _, row, _, _ in parts])
    counts = [len(capsules) for capsules, _, _, _ in parts]
    rows[:, 0] = np.cumsum([0, *counts[:-1]])
    rows[:, 1] = counts
    _native.render_hands(
        backdrop.bgr,
        ids,
        backdrop.depth_mm,
        np.concatenate([capsules for capsules, _, _, _ in parts]),
        rows,
        [maps.at(mm_per_px) for _, _, maps, mm_per_px in parts],
        lamp.row().astype(np.float32),
        np.array([lens.focal_px, lens.centre_x_px, lens.centre_y_px], np.float32),
    )


def draw_body(backdrop: Backdrop, body: Body, lamp: Lamp, lens: Lens) -> None:
    """Draw somebody into the backdrop, in place."""
    parts = []
    for capsules, colour in body.layers():
        row = _row(body.look, colour)
        row[2:5] = body.scale, _NEVER_HAND_MM, 1
        row[34] = 0.0
        row[5:8] = body.head_mm
        parts.append((capsules, row, skin_maps(0), 1.0))
    _draw(backdrop, np.zeros(backdrop.bgr.shape[:2], np.uint8), parts, lamp, lens)


def painted(
    backdrop: Backdrop, hands: Sequence[PaintedHand], lamp: Lamp, lens: Lens, *, fine_below_px: float = FINE_BELOW_PX
) -> SceneFrame:
    """Draw hands over a copy of the backdrop; those shorter than `fine_below_px` with four rays a pixel."""
    canvas = Backdrop(backdrop.bgr.copy(), backdrop.depth_mm.copy())
    ids = np.zeros(canvas.bgr.shape[:2], np.uint8)
    fleshes = [fleshed(hand.shape, hand.pose, hand.arm) for hand in hands]
    if hands:
        parts = [_hand_part(hand, flesh, lens, fine_below_px) for hand, flesh in zip(hands, fleshes, strict=True)]
        _draw(canvas, ids, parts, lamp, lens)
    truth = truth_from_drawing(
        ids,
        canvas.depth_mm,
        lens,
        fleshes=fleshes,
        gestures=[hand.gesture for hand in hands],
        handedness=[hand.pose.handedness for hand in hands],
    )
    return SceneFrame(canvas.bgr, truth)
