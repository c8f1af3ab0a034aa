# SPDX-License-Identifier: Apache-2.0
"""Memory of this machine and of a process, in MB of 2**20 bytes."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path("/")
_KB_A_MB = 1024


def available_mb(root: Path = _ROOT) -> int | None:
    """Return what new programs may take without swapping, None where the system does not tell."""
    return _megabytes(root / "proc/meminfo", "MemAvailable")


def total_mb(root: Path = _ROOT) -> int | None:
    """Return the memory of the machine, None where the system does not tell."""
    return _megabytes(root / "proc/meminfo", "MemTotal")


def resident_mb(pid: int) -> int | None:
    """Return what process `pid` holds in memory, None when it has ended."""
    return _megabytes(_ROOT / f"proc/{pid}/status", "VmRSS")


def _megabytes(path: Path, field: str) -> int | None:
    try:
        found = re.search(rf"^{field}:\s*(\d+) kB$", path.read_text(encoding="ascii", errors="replace"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) // _KB_A_MB if found else None
