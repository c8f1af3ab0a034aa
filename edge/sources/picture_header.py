# SPDX-License-Identifier: Apache-2.0
"""Size and completeness of a picture file, read from its structure before anything is decoded.

OpenCV fills the missing part of a truncated JPEG with grey and reports no error, and it allocates whatever size a
header claims. Formats: ITU-T T.81 annex B (JPEG), ISO/IEC 15948 (PNG), RFC 9649 (WebP), BITMAPINFOHEADER (BMP).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_END = b"\xff\xd9"
_JPEG_SCAN = 0xDA


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """Size a picture file claims, and whether the file runs to its end.

    Attributes:
        width_px, height_px: before any rotation the file asks for.
        complete: False where the end of the file is missing.
    """

    width_px: int
    height_px: int
    complete: bool


def picture_header(content: bytes) -> PictureHeader | None:
    """Header of a JPEG, PNG, WebP or BMP file; None where it has none that makes sense."""
    try:
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content)
        if content.startswith(b"\x89PNG"):
            return _png(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
        if content.startswith(b"BM"):
            return _bmp(content)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg(content: bytes) -> PictureHeader | None:
    size_px: tuple[int, int] | None = None
    at = 2
    while True:
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        if marker in _JPEG_FRAMES:
            height_px, width_px = struct.unpack_from(">HH", content, at + 5)
            size_px = (width_px, height_px)
        if marker == _JPEG_SCAN:
            break
        at += 2 + length
    if size_px is None:
        return None
    return PictureHeader(*size_px, complete=content.find(_JPEG_END, at) >= 0)


def _png(content: bytes) -> PictureHeader:
    width_px, height_px = struct.unpack_from(">II", content, 16)
    return PictureHeader(width_px, height_px, complete=content.rfind(b"IEND") > 0)


def _webp(content: bytes) -> PictureHeader | None:
    (riff_bytes,) = struct.unpack_from("<I", content, 4)
    complete = len(content) >= riff_bytes + 8
    kind = content[12:16]
    if kind == b"VP8X":
        width_px = int.from_bytes(content[24:27], "little") + 1
        height_px = int.from_bytes(content[27:30], "little") + 1
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        width_px, height_px = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width_px, height_px = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    else:
        return None
    return PictureHeader(width_px, height_px, complete)


def _bmp(content: bytes) -> PictureHeader:
    (file_bytes,) = struct.unpack_from("<I", content, 2)
    width_px, height_px = struct.unpack_from("<ii", content, 18)
    return PictureHeader(abs(width_px), abs(height_px), complete=len(content) >= file_bytes)
