# SPDX-License-Identifier: Apache-2.0
"""`CheckedFile`: a file being written that forgets no error."""

from __future__ import annotations

import io
import os
from pathlib import Path


class CheckedFile:
    """A new file, written without a buffer. FFmpeg tells nobody what went wrong as it closed a file: `close` does.

    Raises:
        OSError: the file cannot be opened or written; from `close`, the first thing that went wrong.
    """

    def __init__(self, path: Path) -> None:
        self._file = io.FileIO(path, "w")
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all of `data` and return its length."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._file.fileno(), left) :]
        except OSError as error:
            self._error = self._error or error
            raise
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place and return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file; twice is allowed."""
        self._file.close()
        error, self._error = self._error, None
        if error is not None:
            raise error
