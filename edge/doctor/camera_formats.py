# SPDX-License-Identifier: Apache-2.0
"""Pixel formats that a camera offers.

Structures: Linux UAPI `videodev2.h`, VIDIOC_ENUM_FMT.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from edge.doctor.finding import Finding, Status, finding_from_error
from edge.errors import CameraError
from edge.sources.v4l2 import CameraLock, cameras

_ENUM_FMT = 0xC0405602
_FORMAT = struct.Struct("=III32sII12x")
_VIDEO_CAPTURE = 1
_MOST_FORMATS = 64


def examine_cameras(wanted: Path | None) -> Iterator[Finding]:
    """Yield the formats of every camera; `wanted` must be one that is free."""
    nodes = cameras()
    for node in nodes if wanted is None or wanted in nodes else [*nodes, wanted]:
        yield _examine_camera(node, "problem" if node == wanted else "note")


def _examine_camera(node: Path, fault: Status) -> Finding:
    try:
        CameraLock(node).close()
        formats = pixel_formats(node)
    except CameraError as error:
        return finding_from_error("cameras", str(node), error, status=fault)
    except OSError as error:
        return Finding("cameras", str(node), f"its formats cannot be read: {error.strerror}")
    return Finding("cameras", str(node), ", ".join(formats) or "no formats")


def pixel_formats(device: Path) -> tuple[str, ...]:
    """Return the four letters of each pixel format, as YUYV or MJPG. Raises `OSError`."""
    descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return tuple(_formats(descriptor))
    finally:
        os.close(descriptor)


def _formats(descriptor: int) -> Iterator[str]:
    for index in range(_MOST_FORMATS):
        answer = bytearray(_FORMAT.pack(index, _VIDEO_CAPTURE, 0, b"", 0, 0))
        try:
            fcntl.ioctl(descriptor, _ENUM_FMT, answer)
        except OSError:
            return
        letters = int(_FORMAT.unpack(answer)[4]).to_bytes(4, "little")
        yield letters.decode("ascii", errors="replace").strip()
