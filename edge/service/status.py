# SPDX-License-Identifier: Apache-2.0
"""The status file: what the service does now, for `edge-service status` and whoever else may read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.errors import OutputError, SourceError

SCHEMA = "edge.service/1"
FILE = "status.json"
_MODE = 0o644
_MOST_BYTES = 2**20


def status_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file in the folder that systemd gives the service while it runs, None where it gives none."""
    folder, _, _ = environment.get("RUNTIME_DIRECTORY", "").partition(":")
    return Path(folder) / FILE if folder else None


def write_status(path: Path, status: Mapping[str, Any]) -> None:
    """Write the file, readable for everybody; it is there whole or as it was. Raises `OutputError`."""
    content = json.dumps({"schema": SCHEMA, **status}, allow_nan=False, indent=1) + "\n"
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
                os.fchmod(descriptor, _MODE)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"cannot write the status file {path}: {error.strerror}; check its folder") from error


def read_status(path: Path) -> dict[str, Any] | None:
    """Return what a status file says, None where there is none. Raises `SourceError` when it is not one."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        status = json.loads(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read as a status file: {error}; restart the service") from error
    if not isinstance(status, dict) or status.get("schema") != SCHEMA:
        raise SourceError(f"{path} is no status file of schema {SCHEMA}; restart the service after an update")
    return status


def boot_id(root: Path = Path("/")) -> str | None:
    """Return what names this boot, so that times on the monotonic clock of another one are known as such."""
    try:
        return (root / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
