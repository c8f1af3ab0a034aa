# SPDX-License-Identifier: Apache-2.0
"""Hands drawn into a picture: box, label, skeleton and mask in the hand's own colour, sized by the picture."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.frame import Pixels
from edge.gesture import NO_GESTURE
from edge.keypoints import CHAINS, PALM
from edge.masks import Mask
from edge.results import Hand, Hands, Label

Bgr: TypeAlias = tuple[int, int, int]
_Box: TypeAlias = tuple[int, int, int, int]

# Told apart by people with the common kinds of colour blindness (Okabe and Ito 2008), as BGR.
_SKY, _ORANGE, _GREEN = (233, 180, 86), (0, 159, 230), (115, 158, 0)
_PURPLE, _YELLOW, _VERMILION = (167, 121, 204), (66, 228, 240), (0, 94, 213)
_PALETTE: tuple[Bgr, ...] = (_SKY, _ORANGE, _GREEN, _PURPLE, _YELLOW, _VERMILION)
_SIDES: dict[str, Bgr] = {"left": _SKY, "right": _ORANGE}
_INK: Bgr = (24, 24, 24)
_PAPER: Bgr = (255, 255, 255)

_FONT = cv2.FONT_HERSHEY_DUPLEX
_FONT_HEIGHT_PX = 22.0
_FRACTION_BITS = 4
_CORNER_POINTS = 8
# OpenCV's fixed-point coordinates are 32 bits.
_FAR_PX = 1e5
# A keypoint below is a guess: it is not drawn, and no bone that ends there.
_LEAST_POINT_SCORE = 0.3
# A gesture or pose that is told with less is less likely than all others together.
_LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Pen:
    """Sizes that suit a picture.

    Attributes:
        text_scale: of the Hershey font.
        text_px, line_px, pad_px, radius_px: text and line thickness, space around a text, radius of corners.
    """

    text_scale: float
    text_px: int
    line_px: int
    pad_px: int
    radius_px: int

    @classmethod
    def for_picture(cls, width_px: int, height_px: int) -> Pen:
        """Sizes for text of a thirtieth of the picture's shorter side, at least 11 pixels."""
        text_height_px = max(11.0, min(width_px, height_px) / 34)
        return cls(
            text_scale=text_height_px / _FONT_HEIGHT_PX,
            text_px=max(1, round(text_height_px / 16)),
            line_px=max(1, round(text_height_px / 8)),
            pad_px=max(2, round(text_height_px * 0.45)),
            radius_px=max(2, round(text_height_px * 0.5)),
        )


def draw_hands(pixels: Pixels, hands: Hands) -> None:
    """Draw the masks, boxes, skeletons and labels of `hands` into `pixels`, a writable (H, W, 3) uint8 BGR picture.

    A tracked hand keeps the colour of its track; otherwise left and right hands have one colour each.

    Raises:
        UsageError: `pixels` is not such a picture.
    """
    _check(pixels)
    pen = Pen.for_picture(pixels.shape[1], pixels.shape[0])
    for hand in hands:
        if hand.mask is not None:
            _tint(pixels, hand.mask, _colour(hand))
    for hand in hands:
        _outline(pixels, _whole(hand), pen, _colour(hand))
        if hand.keypoints is not None:
            _skeleton(pixels, hand.keypoints, pen, _colour(hand))
    for hand in hands:
        _tag(pixels, _whole(hand), pen, _colour(hand), label(hand))


def draw_rate(pixels: Pixels, fps: float) -> None:
    """Write the frame rate into the lower left corner of a writable (H, W, 3) uint8 BGR picture.

    Raises:
        UsageError: `pixels` is not such a picture.
    """
    _check(pixels)
    pen = Pen.for_picture(pixels.shape[1], pixels.shape[0])
    text = f"{fps:.0f} FPS" if fps >= 10 else f"{fps:.1f} FPS"
    (width_px, height_px), base_px = cv2.getTextSize(text, _FONT, pen.text_scale, pen.text_px)
    left_px, bottom_px = pen.pad_px, pixels.shape[0] - pen.pad_px
    top_px = bottom_px - height_px - base_px - pen.pad_px
    chip = (left_px, top_px, left_px + width_px + 2 * pen.pad_px, bottom_px)
    _shade(pixels, chip)
    origin = (chip[0] + pen.pad_px, bottom_px - base_px - pen.pad_px // 2)
    cv2.putText(pixels, text, origin, _FONT, pen.text_scale, _PAPER, pen.text_px, cv2.LINE_AA)


def label(hand: Hand) -> str:
    """What is written at a hand: `right palm 0.97`, or its detection score where nothing more is known.

    A gesture or pose that is less likely than not is not written.
    """
    side = f"{hand.handedness.name} " if hand.handedness is not None else ""
    holding = " holding" if hand.holding is not None and hand.holding.name == "holding" else ""
    pose = _likely(hand.pose)
    if pose is not None and (hand.gesture is None or hand.gesture.name == NO_GESTURE):
        return f"{side}{pose.name.replace('_', ' ')}{holding} {pose.score:.2f}"
    if hand.gesture is None:
        return f"{side}hand{holding} {hand.score:.2f}"
    gesture = _likely(hand.gesture)
    if gesture is None:
        return f"{side}hand{holding}"
    return f"{side}{gesture.name.replace('_', ' ')}{holding} {gesture.score:.2f}"


def _likely(told: Label | None) -> Label | None:
    """Return a gesture or pose that is more likely than all others together."""
    return told if told is not None and told.name != NO_GESTURE and told.score >= _LIKELY else None


def _check(pixels: Pixels) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.flags.writeable:
        raise UsageError(f"a picture to draw on must be writable (H, W, 3) uint8, got {pixels.shape} {pixels.dtype}")


def _colour(hand: Hand) -> Bgr:
    if hand.track_id is not None:
        return _PALETTE[hand.track_id % len(_PALETTE)]
    return _SIDES.get(hand.handedness.name, _GREEN) if hand.handedness is not None else _GREEN


def _whole(hand: Hand) -> _Box:
    left, top, right, bottom = (round(float(edge)) for edge in hand.box_xyxy)
    return left, top, right, bottom


def _tint(pixels: Pixels, mask: Mask, colour: Bgr) -> None:
    """Half of the hand's colour over its pixels."""
    region = mask.region(pixels.shape[1], pixels.shape[0])
    part = region.of(pixels)
    if part.size:
        tinted = cv2.addWeighted(part, 0.5, np.broadcast_to(np.array(colour, np.uint8), part.shape), 0.5, 0)
        cv2.copyTo(tinted, region.pixels.view(np.uint8), part)


def _outline(pixels: Pixels, box: _Box, pen: Pen, colour: Bgr) -> None:
    left, top, right, bottom = box
    radius = min(2 * pen.radius_px, (right - left) // 2, (bottom - top) // 2)
    path = _rounded(box, max(radius, 0))
    for ink, line_px in ((_INK, pen.line_px + 2), (colour, pen.line_px)):
        cv2.polylines(
            pixels, [path], isClosed=True, color=ink, thickness=line_px, lineType=cv2.LINE_AA, shift=_FRACTION_BITS
        )


def _skeleton(pixels: Pixels, keypoints: NDArray[np.float32], pen: Pen, colour: Bgr) -> None:
    """The bones between the keypoints that the model is sure of, and a dot at each."""
    points = np.round(np.clip(keypoints[:, :2], -_FAR_PX, _FAR_PX) * (1 << _FRACTION_BITS)).astype(int).tolist()
    sure = (keypoints[:, 2] >= _LEAST_POINT_SCORE).tolist()
    bones = [bone for path in (PALM, *CHAINS) for bone in itertools.pairwise(path) if sure[bone[0]] and sure[bone[1]]]
    for ink, line_px in ((_INK, pen.line_px + 2), (colour, pen.line_px)):
        for begin, end in bones:
            cv2.line(pixels, points[begin], points[end], ink, line_px, cv2.LINE_AA, _FRACTION_BITS)
    radius = round((pen.line_px + 1) * (1 << _FRACTION_BITS))
    for point in itertools.compress(points, sure):
        cv2.circle(pixels, point, radius, _PAPER, cv2.FILLED, cv2.LINE_AA, _FRACTION_BITS)


def _tag(pixels: Pixels, box: _Box, pen: Pen, colour: Bgr, text: str) -> None:
    """A label on the upper edge of a box, or inside it where the picture ends."""
    (width_px, height_px), base_px = cv2.getTextSize(text, _FONT, pen.text_scale, pen.text_px)
    tag_width_px, tag_height_px = width_px + 2 * pen.pad_px, height_px + base_px + pen.pad_px
    left = max(0, min(box[0] - pen.line_px // 2, pixels.shape[1] - tag_width_px))
    top = box[1] - tag_height_px - pen.line_px
    if top < 0:
        top = max(0, min(box[1] + pen.line_px, pixels.shape[0] - tag_height_px))
    tag = (left, top, left + tag_width_px, top + tag_height_px)
    cv2.fillPoly(pixels, [_rounded(tag, pen.radius_px)], colour, cv2.LINE_AA, _FRACTION_BITS)
    origin = (left + pen.pad_px, top + pen.pad_px // 2 + height_px)
    cv2.putText(pixels, text, origin, _FONT, pen.text_scale, _INK, pen.text_px, cv2.LINE_AA)


def _shade(pixels: Pixels, box: _Box) -> None:
    left, top, right, bottom = (max(0, edge) for edge in box)
    region = pixels[top:bottom, left:right]
    np.floor_divide(region, 3, out=region)


def _rounded(box: _Box, radius_px: int) -> NDArray[np.int32]:
    """A rectangle with round corners as a closed path, (K, 1, 2) int32 with `_FRACTION_BITS` of fraction."""
    left, top, right, bottom = box
    far_x, far_y, near_x, near_y = right - radius_px, bottom - radius_px, left + radius_px, top + radius_px
    centres = np.array([(far_x, far_y), (near_x, far_y), (near_x, near_y), (far_x, near_y)], np.float64)
    angles = np.linspace(0, 2 * np.pi, 4 * _CORNER_POINTS, endpoint=False) + np.pi / (4 * _CORNER_POINTS)
    path = np.repeat(centres, _CORNER_POINTS, axis=0) + radius_px * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(np.round(path * (1 << _FRACTION_BITS)), np.int32)[:, None]
