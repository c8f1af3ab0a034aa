# SPDX-License-Identifier: Apache-2.0
"""What a camera offers, and which of it suits best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.v4l2_calls import (
    ENUM_FMT,
    ENUM_FRAMEINTERVALS,
    ENUM_FRAMESIZES,
    VIDEO_CAPTURE,
    Call,
    fourcc_letters,
    fourcc_number,
)
from edge.sources.v4l2_device import V4l2Device

FORMATS = ("NV12", "YUYV", "UYVY", "BGR3", "RGB3", "GREY", "MJPG", "JPEG")
"""Formats that can be read, the best first: a network takes the raw ones as they are."""

_MOST = 256
_DISCRETE = 1
_ENOUGH = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in which a format comes: one, or all from `low_wh` to `high_wh` in steps."""

    fourcc: str
    low_wh: tuple[int, int]
    high_wh: tuple[int, int]
    step_wh: tuple[int, int] = (1, 1)

    def nearest(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Return the size of these that is closest."""
        width, height = (
            min(high, low + round(max(0, min(wanted, high) - low) / step) * step)
            for wanted, low, high, step in zip(
                (width_px, height_px), self.low_wh, self.high_wh, self.step_wh, strict=True
            )
        )
        return width, height

    def __str__(self) -> str:
        low, high = (f"{width}x{height}" for width, height in (self.low_wh, self.high_wh))
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, slots=True)
class Mode:
    """A format, a size and a rate; `fps` is None where the camera does not tell."""

    fourcc: str
    width_px: int
    height_px: int
    fps: Fraction | None

    def __str__(self) -> str:
        rate = "" if self.fps is None else f" at {float(self.fps):.4g} fps"
        return f"{self.fourcc} {self.width_px}x{self.height_px}{rate}"


def formats(device: V4l2Device) -> list[str]:
    """Return the formats of a camera, as YUYV or MJPG. Raises `ReaderError`."""
    return [fourcc_letters(answer[4]) for answer in _answers(device, ENUM_FMT, VIDEO_CAPTURE, 0, b"", 0, 0)]


def sizes(device: V4l2Device, fourcc: str) -> list[Sizes]:
    """Return the sizes of a format; none where the camera does not tell. Raises `ReaderError`."""
    found = []
    for answer in _answers(device, ENUM_FRAMESIZES, fourcc_number(fourcc), *[0] * 7):
        kind, (a, b, c, d, e, f) = answer[2], answer[3:9]
        found.append(Sizes(fourcc, (a, b), (a, b)) if kind == _DISCRETE else Sizes(fourcc, (a, d), (b, e), (c, f)))
        if kind != _DISCRETE:
            break
    return [one for one in found if min(*one.low_wh, *one.step_wh) > 0]


def rates(device: V4l2Device, fourcc: str, width_px: int, height_px: int) -> list[Fraction]:
    """Return the rates of a format at a size, fastest first; none where the camera does not tell.

    Raises `ReaderError`.
    """
    asked = (fourcc_number(fourcc), width_px, height_px, *[0] * 7)
    found = {
        Fraction(answer[6], answer[5])
        for answer in _answers(device, ENUM_FRAMEINTERVALS, *asked)
        if answer[5] and answer[6]
    }
    return sorted(found, reverse=True)


def modes(device: V4l2Device, width_px: int, height_px: int, fps: float) -> Iterator[Mode]:
    """Yield each readable format at each size with the rate nearest to `fps`; of a range the nearest size.

    Raises `ReaderError`.
    """
    for fourcc in formats(device):
        if fourcc not in FORMATS:
            continue
        anything = Sizes(fourcc, (width_px, height_px), (width_px, height_px))
        for offered in sizes(device, fourcc) or [anything]:
            wh = offered.nearest(width_px, height_px)
            yield Mode(fourcc, *wh, _nearest_rate(rates(device, fourcc, *wh), Fraction(fps)))


def best_mode(offered: Sequence[Mode], width_px: int, height_px: int, fps: float) -> Mode:
    """Return the mode that is fast enough, then nearest in size, then needs the least work.

    Raises `ValueError` when nothing is offered.
    """

    def badness(mode: Mode) -> tuple[float, float, int]:
        slow = 0.0 if mode.fps is None else max(0.0, float(Fraction(fps) * _ENOUGH - mode.fps))
        far = abs(math.log(mode.width_px / width_px)) + abs(math.log(mode.height_px / height_px))
        return slow, far, FORMATS.index(mode.fourcc)

    return min(offered, key=badness)


def choose_mode(device: V4l2Device, width_px: int, height_px: int, fps: float) -> Mode:
    """Return the mode of a camera that suits best. Raises `ReaderError` when it has no format that can be read."""
    offered = list(modes(device, width_px, height_px, fps))
    if not offered:
        told = ", ".join(formats(device)) or "none"
        raise ReaderError(
            f"camera {device.name} has no format that can be read, only {told}; expected {', '.join(FORMATS)}, and a"
            " CSI camera that delivers raw Bayer pictures is csi:0",
            reason=FaultReason.codec,
        )
    return best_mode(offered, width_px, height_px, fps)


def _nearest_rate(offered: Sequence[Fraction], fps: Fraction) -> Fraction | None:
    enough = [rate for rate in offered if rate >= fps * _ENOUGH]
    return min(enough) if enough else max(offered, default=None)


def _answers(device: V4l2Device, call: Call, *values: object) -> Iterator[tuple[int, ...]]:
    for index in range(_MOST):
        answer = device.ask(call, index, *values)
        if answer is None:
            return
        yield answer
