# SPDX-License-Identifier: Apache-2.0
"""The secret of a sink, or an error of that sink."""

from __future__ import annotations

from pathlib import Path

from edge.errors import OutputError
from edge.secret import secret_from_environment, secret_from_file


def secret_of_sink(name: str, *, file: Path | None, variable: str | None = None) -> str | None:
    """Return what a file or an environment variable holds, None where neither is named. Raises `OutputError`."""
    try:
        if file is not None:
            return secret_from_file(file)
        return None if variable is None else secret_from_environment(variable)
    except ValueError as error:
        raise OutputError(f"{name}: {error}") from None
