# SPDX-License-Identifier: Apache-2.0
"""Whether a video can be written where it shall be."""

from __future__ import annotations

from pathlib import Path

from edge.errors import OutputError
from edge.sources.file_name import is_printable


def place_of_video(path: Path, name: str) -> tuple[Path, bool]:
    """Return the absolute path of a file that can be written, and whether it is new; an older one stays as it is.

    Another output may turn out not to open, so nothing is written before the first frame. Raises `OutputError`.
    """
    try:
        path = path.absolute()
        if not is_printable(path):
            raise OutputError(f"{name} must have a name in UTF-8, and folders with such names; choose another")
        is_new = not path.exists()
        path.open("ab").close()
    except OSError as error:
        raise OutputError(
            f"{name} cannot be opened: {error.strerror}; name a file in an existing folder that may be written"
        ) from error
    return path, is_new
