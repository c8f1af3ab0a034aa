# SPDX-License-Identifier: Apache-2.0
"""Whether the service's user can run this program where it is installed."""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from edge.errors import UsageError

PROGRAM = "edge-service"
# What ProtectHome= and PrivateTmp= hide.
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - places that are refused
_REMEDY = (
    "install it where a service may read, for example with `sudo python3 -m venv /opt/edge-hands`,"
    " `sudo /opt/edge-hands/bin/pip install .` in the clone and `sudo /opt/edge-hands/bin/edge-service install`"
)


def program() -> Path:
    """Return the installed `edge-service` of this environment. Raises `UsageError` when there is none."""
    path = Path(sysconfig.get_path("scripts")) / PROGRAM
    if not path.is_file():
        raise UsageError(f"{path} does not exist; {_REMEDY}")
    return path


def require_reachable(places: Iterable[Path]) -> None:
    """Raise `UsageError` for a place that the service would not see, or whose folders are closed to its user."""
    for place in places:
        hidden = next((folder for folder in _HIDDEN if place.is_relative_to(folder)), None)
        if hidden is not None:
            raise UsageError(f"{place} lies in {hidden}, which is hidden from the service; {_REMEDY}")
        closed = next((folder for folder in (place, *place.parents) if _is_closed(folder)), None)
        if closed is not None:
            raise UsageError(f"{closed} is closed to the service's user; `sudo chmod o+rx {closed}`, or {_REMEDY}")


def places_of_program() -> tuple[Path, ...]:
    """Return what the program needs to start: the environment, the interpreter behind it, and this package."""
    import edge

    package = Path(edge.__file__).parent
    named = (Path(sys.prefix), Path(sys.executable), package)
    return tuple(dict.fromkeys((*named, *(Path(os.path.realpath(place)) for place in named))))


def _is_closed(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return True
    needed = stat.S_IXOTH | (0 if stat.S_ISDIR(status.st_mode) else stat.S_IROTH)
    return status.st_mode & needed != needed
