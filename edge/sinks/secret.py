# SPDX-License-Identifier: Apache-2.0
"""Passwords and tokens: the first line of a file or an environment variable, never shown."""

from __future__ import annotations

import os
from pathlib import Path

from edge.errors import OutputError

_MOST_BYTES = 64 * 1024


def secret_from_file(path: Path, *, of: str) -> str:
    """Return the first line of a file. Raises `OutputError`, which says whose secret `of` it is."""
    try:
        with path.open("rb") as file:
            line = file.read(_MOST_BYTES).split(b"\n", 1)[0].rstrip(b"\r").decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise OutputError(f"{of}: the secret in {path} cannot be read: {reason}; check the file") from error
    if not line:
        raise OutputError(f"{of}: the first line of {path} is empty; put the secret there")
    return line


def secret_from_environment(name: str, *, of: str) -> str:
    """Return what an environment variable holds. Raises `OutputError` when there is nothing."""
    secret = os.environ.get(name)
    if not secret:
        raise OutputError(f"{of}: the environment variable {name} is not set; put the secret there")
    return secret
