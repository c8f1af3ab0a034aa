# SPDX-License-Identifier: Apache-2.0
"""Single values from the files of the kernel, under `/` or the root of a recorded tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def text_from_file(path: Path) -> str | None:
    """Return the text of a file without white space around it; None where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None  # a sensor whose part of the chip sleeps answers EAGAIN


def number_from_file(path: Path) -> float | None:
    """Return the number in a file; None where there is none."""
    try:
        return float(text_from_file(path) or "")
    except ValueError:
        return None


def hwmons(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and folder of every device of hardware monitoring."""
    for folder in sorted((root / "sys/class/hwmon").glob("hwmon*")):
        yield text_from_file(folder / "name") or folder.name, folder
