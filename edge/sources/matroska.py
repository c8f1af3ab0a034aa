# SPDX-License-Identifier: Apache-2.0
"""Whether a Matroska or WebM file is whole, from the length of its segment (RFC 8794 and RFC 9559)."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_SEGMENT = 0x18538067


def missing_from_matroska(path: Path) -> str | None:
    """What is missing from a Matroska file, in words; None where nothing is, or where no length was ever written."""
    file_end = path.stat().st_size
    with path.open("rb") as file:
        while (kind := _number(file)) is not None and (coded := _number(file)) is not None:
            # The highest bit set is the marker of the length; all others set stand for a length that is not known.
            marker = 1 << (coded.bit_length() - 1)
            end = file.tell() + coded - marker
            if kind == _SEGMENT:
                known = coded != 2 * marker - 1
                return f"{end - file_end} of {end} bytes" if known and end > file_end else None
            file.seek(end)
    return None


def _number(file: BinaryIO) -> int | None:
    """Read a number of variable length, its marker included; None where there is none."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    return int.from_bytes(first + rest, "big") if len(rest) == more else None
