# SPDX-License-Identifier: Apache-2.0
"""One picture file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat, Pixels
from edge.sources.file_name import printable
from edge.sources.picture_header import picture_header
from edge.sources.signature import PICTURES_NAMED
from edge.sources.source import Source

MAX_PIXELS = 160_000_000
"""Largest picture that is decoded: 12,600 pixels squared, 480 MB."""

MAX_FILE_BYTES = 4 * MAX_PIXELS
"""Longest file that is read: that of the largest picture, uncompressed and with alpha."""

Reduction: TypeAlias = Literal[1, 2, 4, 8]
_READ_AS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def pixels_from_file(path: Path, *, reduction: Reduction = 1) -> Pixels:
    """Decode a picture upright, as (H, W, 3) uint8 BGR; grey, 16 bit and alpha are converted.

    `reduction` divides its sides; JPEG is then decoded at that scale, in a fraction of the time.

    Raises:
        SourceError: as `content_of` and `pixels_from_bytes`.
    """
    return pixels_from_bytes(content_of(path), origin=str(path), reduction=reduction)


def content_of(path: Path) -> bytes:
    """Return what a picture file holds.

    Raises:
        SourceError: the file cannot be read, is empty or longer than `MAX_FILE_BYTES`.
    """
    try:
        if not path.is_file() and path.exists():
            raise SourceError(f"picture {path} is not a regular file; copy what it delivers into one")
        file_bytes = path.stat().st_size
        content = path.read_bytes() if 0 < file_bytes <= MAX_FILE_BYTES else b""
    except OSError as error:
        raise SourceError(f"picture {path} cannot be read: {error.strerror}; check its permissions") from error
    if file_bytes > MAX_FILE_BYTES:
        raise SourceError(
            f"picture {path} has {file_bytes} bytes, and at most {MAX_FILE_BYTES // 1_000_000} MB are read; scale it"
            " down first"
        )
    if not content:
        raise SourceError(f"picture {path} is empty (0 bytes); copy or download it again")
    return content


def pixels_from_bytes(content: bytes, *, origin: str, reduction: Reduction = 1) -> Pixels:
    """Decode the content of a picture file as `pixels_from_file` does; `origin` is what errors call it.

    Raises:
        SourceError: it is no complete picture, or larger than `MAX_PIXELS`.
    """
    header = picture_header(content)
    if header is None:
        raise SourceError(f"{origin} is not a picture that can be read; convert it to {PICTURES_NAMED}")
    if header.width_px * header.height_px > MAX_PIXELS:
        raise SourceError(
            f"picture {origin} is {header.width_px}x{header.height_px} pixels, and at most {MAX_PIXELS // 1_000_000}"
            " megapixels are decoded; scale it down first"
        )
    if not header.complete:
        raise SourceError(f"picture {origin} is truncated: its end is missing; copy or download it again")
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), _READ_AS[reduction])
    except cv2.error as error:
        raise SourceError(f"picture {origin} cannot be decoded; save it again as JPEG or PNG") from error
    if pixels is None:
        raise SourceError(f"picture {origin} is damaged and cannot be decoded; save it again as JPEG or PNG")
    return pixels  # type: ignore[return-value]


class PictureSource(Source):
    """The one frame of a picture file.

    Raises:
        SourceError: as `pixels_from_file`.
    """

    frame_count = 1

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        self.name = printable(str(path) if name is None else name)
        self._path = path
        self._pixels = pixels_from_file(path)

    def frames(self) -> Iterator[Frame]:
        """Yield the picture."""
        yield Frame(
            self._pixels,
            PixelFormat.BGR,
            time_ns=time.monotonic_ns(),
            index=0,
            source=self.name,
            path=printable(self._path.name),
            media_time_s=0.0,
        )
