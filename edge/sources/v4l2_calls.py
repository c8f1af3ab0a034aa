# SPDX-License-Identifier: Apache-2.0
"""The requests to a V4L2 driver, with the layout of what goes in and comes out on 64-bit Linux.

Source: Linux UAPI `videodev2.h`; the names are its own without `VIDIOC_`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

VIDEO_CAPTURE = 1
FIELD_NONE = 1
MEMORY_MMAP = 1
MEMORY_USERPTR = 2

FLAG_ERROR = 0x40
FLAG_TIMESTAMP_MASK = 0xE000
FLAG_TIMESTAMP_MONOTONIC = 0x2000


class Call(NamedTuple):
    """A request: its name, its number and the fields of its argument."""

    name: str
    number: int
    fields: struct.Struct


ENUM_FMT = Call("ENUM_FMT", 0xC0405602, struct.Struct("=III32sII12x"))
"""index, type, flags, description, fourcc, mbus code."""

ENUM_FRAMESIZES = Call("ENUM_FRAMESIZES", 0xC02C564A, struct.Struct("=III6I8x"))
"""index, fourcc, kind, then width and height, or least, most and step of each."""

ENUM_FRAMEINTERVALS = Call("ENUM_FRAMEINTERVALS", 0xC034564B, struct.Struct("=5I6I8x"))
"""index, fourcc, width, height, kind, then seconds as a fraction, or least, most and step."""

S_FMT = Call("S_FMT", 0xC0D05605, struct.Struct("=I4x12I152x"))
"""type, width, height, fourcc, field, bytes a line, bytes a picture, and six that are left at 0."""

S_PARM = Call("S_PARM", 0xC0CC5616, struct.Struct("=7I176x"))
"""type, capability, mode, seconds a frame as a fraction, and two that are left at 0."""

REQBUFS = Call("REQBUFS", 0xC0145608, struct.Struct("=5I"))
"""count, type, memory, capabilities, flags."""

_BUFFER = struct.Struct("=5I4xqq16xIIQI12x")
QUERYBUF = Call("QUERYBUF", 0xC0585609, _BUFFER)
"""index, type, bytes used, flags, field, seconds, microseconds, sequence, memory, offset or pointer, length."""
QBUF = Call("QBUF", 0xC058560F, _BUFFER)
DQBUF = Call("DQBUF", 0xC0585611, _BUFFER)

STREAMON = Call("STREAMON", 0x40045612, struct.Struct("=I"))
STREAMOFF = Call("STREAMOFF", 0x40045613, struct.Struct("=I"))

QUERYCTRL = Call("QUERYCTRL", 0xC0445624, struct.Struct("=II32siiiiI8x"))
"""id, type, name, least, most, step, default, flags."""

S_CTRL = Call("S_CTRL", 0xC008561C, struct.Struct("=Ii"))
"""id, value."""


def fourcc_number(letters: str) -> int:
    """Return the number of a format's four letters."""
    return int.from_bytes(letters.encode("ascii").ljust(4), "little")


def fourcc_letters(number: int) -> str:
    """Return the four letters of a format's number."""
    return (number & 0x7FFFFFFF).to_bytes(4, "little").decode("ascii", errors="replace").strip()
