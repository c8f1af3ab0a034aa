# SPDX-License-Identifier: Apache-2.0
"""Results as JSON lines, schema `edge.frame/1`."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.sink import Sink
from edge.sources.source import Source


class JsonLinesSink(Sink):
    """One line a frame, handed to the system as soon as it is there; `-` is standard output.

    When the disk fills, the lines before stay whole: the part of a line that still fitted is taken back.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = f"JSON lines file {path}"
        self._path = path
        self._file: io.FileIO | None = None
        self._whole_bytes = 0

    def open(self, source: Source) -> None:  # noqa: ARG002 - part of every sink's shape
        """Create or empty the file. Raises `OutputError`."""
        try:
            if str(self._path) == "-":
                sys.stdout.flush()
                self._file = io.FileIO(os.dup(sys.stdout.fileno()), "w")
            else:
                self._file = io.FileIO(self._path, "w")
        except OSError as error:
            raise OutputError(
                f"{self.name} cannot be opened: {error.strerror}; name a file in an existing folder that may be written"
            ) from error

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - likewise
        """Write one line. Raises `OutputError`."""
        file = self._opened()
        line = memoryview((result.to_json() + "\n").encode())
        try:
            left = line
            while left:
                left = left[file.write(left) or 0 :]
        except OSError as error:
            self._take_back_partial_line()
            raise self._error(error) from error
        self._whole_bytes += len(line)

    def close(self) -> None:
        """Close the file. Raises `OutputError`."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                raise self._error(error) from error

    def _opened(self) -> io.FileIO:
        if self._file is None:
            raise OutputError(f"{self.name} is not open; give it to a pipeline's run")
        return self._file

    def _take_back_partial_line(self) -> None:
        file = self._opened()
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and str(self._path) != "-":
            file.truncate(self._whole_bytes)

    def _error(self, error: OSError) -> OutputError:
        if isinstance(error, BrokenPipeError):
            return OutputError(f"{self.name} was closed by its reader; the lines before were delivered")
        return OutputError(
            f"{self.name} cannot be written: {error.strerror}; the lines before are kept, make room or name another"
            " file"
        )
