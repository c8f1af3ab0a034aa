# SPDX-License-Identifier: Apache-2.0
"""Passwords and tokens: the first line of a file or an environment variable, never shown."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_BYTES = 64 * 1024


def secret_from_file(path: Path) -> str:
    """Return the first line of a file. Raises `ValueError`, which says what is wrong with it and how to mend that."""
    try:
        with path.open("rb") as file:
            line = file.read(_MOST_BYTES).split(b"\n", 1)[0].rstrip(b"\r").decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ValueError(f"password file {path} cannot be read: {reason}; name a file of one line") from None
    if not line:
        raise ValueError(f"password file {path} is empty; write the password into its first line")
    return line


def secret_from_environment(name: str) -> str:
    """Return what an environment variable holds. Raises `ValueError` when that is nothing."""
    secret = os.environ.get(name)
    if not secret:
        raise ValueError(f"password variable {name} is not set; export it, or name a file instead")
    return secret
