# SPDX-License-Identifier: Apache-2.0
"""The release of Jetson Linux (L4T) and the JetPack it belongs to."""

from __future__ import annotations

import re
from pathlib import Path

RELEASE_FILE = "etc/nv_tegra_release"
_RELEASE = re.compile(r"^# R(\d+) \(release\), REVISION: ([\d.]+)")
# https://developer.nvidia.com/embedded/jetpack-archive; a release between two counts as the older.
_JETPACKS = (
    ("32.6", "4.6"),
    ("32.7.1", "4.6.1"),
    ("32.7.2", "4.6.2"),
    ("32.7.3", "4.6.3"),
    ("32.7.4", "4.6.4"),
    ("32.7.5", "4.6.5"),
    ("32.7.6", "4.6.6"),
    ("35.2", "5.1"),
    ("35.3", "5.1.1"),
    ("35.4", "5.1.2"),
    ("35.5", "5.1.3"),
    ("35.6", "5.1.4"),
    ("36.3", "6.0"),
    ("36.4", "6.1"),
    ("36.4.3", "6.2"),
    ("36.4.4", "6.2.1"),
    ("36.5", "6.2.2"),
    ("36.5.2", "6.2.3"),
    ("38.2", "7.0"),
    ("38.4", "7.1"),
    ("39.0", "7.2"),
    ("39.2", "7.2"),
    ("39.2.1", "7.2.1"),
    ("39.2.2", "7.2.2"),
)


def find_l4t(root: Path = Path("/")) -> str | None:
    """Return the release as `36.4.3`, or None where `root` is no Jetson."""
    try:
        text = (root / RELEASE_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _RELEASE.match(text)
    return f"{found[1]}.{found[2]}" if found else None


def jetpack_from_l4t(l4t: str) -> str | None:
    """Return the JetPack that brings release `l4t`, or None for a line that is not known."""
    wanted = _numbers(l4t)
    same_line = [
        (numbers, jetpack)
        for known, jetpack in _JETPACKS
        if (numbers := _numbers(known))[0] == wanted[0] and numbers <= wanted
    ]
    return max(same_line)[1] if same_line else None


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdigit())
