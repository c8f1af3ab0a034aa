# SPDX-License-Identifier: Apache-2.0
"""The models that ship with the package, and how a name finds its bundle."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from edge.bundle.manifest import MANIFEST_FILE
from edge.errors import UsageError

ZOO = Path(__file__).resolve().parent.parent / "zoo"


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped models, sorted."""
    return tuple(sorted(path.parent.name for path in ZOO.glob(f"*/{MANIFEST_FILE}")))


def find_bundle(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the folder of a shipped model by name, or of any bundle by path.

    Raises `UsageError` when there is neither, with the nearest name.
    """
    text = os.fspath(name_or_path)
    names = shipped_names()
    if text in names:
        return ZOO / text
    path = Path(text).expanduser()
    if path.name == MANIFEST_FILE and path.is_file():
        return path.parent
    if path.exists():
        return path
    near = difflib.get_close_matches(text.lower(), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"there is no model and no folder {text!r}; {hint}shipped models: {', '.join(names) or 'none'}; "
        "or give the folder of a bundle"
    )
