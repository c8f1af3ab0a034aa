# SPDX-License-Identifier: Apache-2.0
"""`drafted`: a folder that is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import OutputError, UsageError


@contextmanager
def drafted(folder: Path) -> Iterator[Path]:
    """Give a folder to write into that becomes `folder` at the end, and vanishes when anything is raised.

    Raises `UsageError` when `folder` holds something and `OutputError` when it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists already; name a folder that is to be made")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            yield draft
            draft.chmod(0o755)
            draft.replace(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}; check space and permissions") from error
