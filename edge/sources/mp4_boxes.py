# SPDX-License-Identifier: Apache-2.0
"""Top-level boxes of an MP4 or MOV file (ISO/IEC 14496-12, section 4.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_INDEX = b"moov"
_MEDIA = (b"mdat", b"moof")


@dataclass(frozen=True, slots=True)
class Mp4Boxes:
    """What the boxes of a file say about it.

    Attributes:
        fragmented: the index of the pictures is spread over the file, and no number of them is stated.
        missing: what is missing from the file, in words; None where nothing is.
    """

    fragmented: bool
    missing: str | None


def mp4_boxes(path: Path) -> Mp4Boxes:
    """Walk over the boxes of a file that begins with one; whatever follows a complete index but no box is ignored."""
    file_end = path.stat().st_size
    whole: set[bytes] = set()
    at = 0
    missing = None
    with path.open("rb") as file:
        while (box := _box(file, at, file_end)) is not None:
            kind, at = box
            if at > file_end:
                if kind == _INDEX or (_INDEX in whole and kind in _MEDIA):
                    missing = f"{at - file_end} of {at} bytes"
                break
            whole.add(kind)
    if missing is None and _INDEX not in whole:
        missing = "readable data" if at + 8 <= file_end else "its index (moov), which a recorder writes last"
    return Mp4Boxes(b"moof" in whole, missing)


def _box(file: BinaryIO, at: int, file_end: int) -> tuple[bytes, int] | None:
    """Kind and end of the box that begins at `at`; None where there is none."""
    file.seek(at)
    head = file.read(16)
    if len(head) < 8:
        return None
    box_bytes, kind = struct.unpack_from(">I4s", head)
    if box_bytes == 1 and len(head) == 16:
        (box_bytes,) = struct.unpack_from(">Q", head, 8)
    if not kind.isalnum() or 0 < box_bytes < 8:
        return None
    return kind, at + box_bytes if box_bytes else file_end
