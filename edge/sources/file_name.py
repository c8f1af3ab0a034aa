# SPDX-License-Identifier: Apache-2.0
"""Names of files as others can take them: any bytes but zero may be in one, and a colon says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def printable(name: str) -> str:
    """Return a name with the bytes that are not UTF-8 replaced, as it can be written anywhere."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_printable(path: Path) -> bool:
    """Return whether OpenCV can be given this name; version 5 crashes on one that is not UTF-8."""
    return printable(str(path)) == str(path)


@contextmanager
def name_for_opencv(path: Path) -> Iterator[str]:
    """Yield a name by which OpenCV can open an existing file, while entered.

    FFmpeg takes what stands before a colon for a protocol, unless a slash comes first.
    """
    absolute = path.absolute()
    if is_printable(absolute):
        yield str(absolute)
        return
    with path.open("rb") as file:
        yield f"/proc/self/fd/{file.fileno()}"
