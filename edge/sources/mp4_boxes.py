# SPDX-License-Identifier: Apache-2.0
"""Whether an MP4 or MOV file is whole, from its top-level boxes (ISO/IEC 14496-12, section 4.2)."""

from __future__ import annotations

import struct
from pathlib import Path


def missing_from_mp4(path: Path) -> str | None:
    """What is missing from an MP4 or MOV file, in words; None where nothing is, or where it is no such file."""
    end = path.stat().st_size
    kinds: set[bytes] = set()
    at = 0
    with path.open("rb") as file:
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            box_bytes, kind = struct.unpack_from(">I4s", head)
            if not kind.isalnum():
                return None if not kinds else "readable data"
            if box_bytes == 1 and len(head) == 16:
                (box_bytes,) = struct.unpack_from(">Q", head, 8)
            kinds.add(kind)
            if box_bytes == 0:
                break
            if box_bytes < 8:
                return "readable data"
            at += box_bytes
    if b"moov" not in kinds:
        return "its index (moov), which a recorder writes last"
    return f"{at - end} of {at} bytes" if at > end else None
