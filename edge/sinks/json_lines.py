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
from edge.standard_output import STANDARD_OUTPUT


class JsonLinesSink(Sink):
    """One line a frame, handed to the system as soon as it is there; `-` is standard output.

    An older file is emptied for the first line. When the disk fills, the lines before stay whole: the part of a line
    that still fitted is taken back. The reader of standard output or of a pipe may take as long as it likes. `masks`
    writes the mask of each hand too; `appends` leaves what is in the file already before the first line.
    """

    def __init__(self, path: str | Path, *, masks: bool = False, appends: bool = False) -> None:
        self.name = f"JSON lines file {path}"
        self._appends = appends
        self._path, self._masks = path, masks
        self._is_standard_output = str(path) in STANDARD_OUTPUT
        if self._is_standard_output or _is_pipe(path):
            self.stall_timeout_s = None
        self._file: io.FileIO | None = None
        self._whole_bytes = 0

    def open(self, source: Source) -> None:  # noqa: ARG002 - part of every sink's shape
        """Create the file, if there is none. Raises `OutputError`."""
        self._whole_bytes = 0
        try:
            if not self._is_standard_output:
                self._begin_file()
            elif sys.stdout is None:
                raise OutputError(f"{self.name} needs standard output, which is closed; name a file instead")
            else:
                sys.stdout.flush()
                self._file = io.FileIO(os.dup(sys.stdout.fileno()), "w")
        except OSError as error:
            raise OutputError(
                f"{self.name} cannot be opened: {error.strerror}; name a file in an existing folder that may be written"
            ) from error

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - likewise
        """Write one line. Raises `OutputError`."""
        file = self._opened()
        line = memoryview((result.to_json(masks=self._masks) + "\n").encode())
        try:
            if self._whole_bytes == 0 and self._is_own_file(file):
                file.truncate(0)
            left = line
            while left:
                left = left[file.write(left) or 0 :]
        except OSError as error:
            self._take_back_partial_line()
            raise self._error(error) from error
        self._whole_bytes += len(line)

    def close(self) -> None:
        """Close the file. Raises `OutputError`."""
        if self._file is None:
            return
        file, self._file = self._file, None
        deleted = self._is_own_file(file) and os.fstat(file.fileno()).st_nlink == 0
        try:
            file.close()
        except OSError as error:
            raise self._error(error) from error
        if deleted:
            raise OutputError(f"{self.name} was deleted while it was written; leave it there and run again")

    def _begin_file(self) -> None:
        # An older file stays until the first line: another output may turn out not to open.
        self._file = io.FileIO(self._path, "a")
        self._whole_bytes = self._file.seek(0, os.SEEK_END) if self._appends and self._is_own_file(self._file) else 0

    def _opened(self) -> io.FileIO:
        if self._file is None:
            raise OutputError(f"{self.name} is not open; give it to a pipeline's run")
        return self._file

    def _is_own_file(self, file: io.FileIO) -> bool:
        return not self._is_standard_output and stat.S_ISREG(os.fstat(file.fileno()).st_mode)

    def _take_back_partial_line(self) -> None:
        file = self._opened()
        if self._is_own_file(file):
            file.truncate(self._whole_bytes)

    def _error(self, error: OSError) -> OutputError:
        if isinstance(error, BrokenPipeError):
            return OutputError(f"{self.name} was closed by its reader; the lines before were delivered")
        return OutputError(
            f"{self.name} cannot be written: {error.strerror}; the lines before are kept, make room or name another"
            " file"
        )


def _is_pipe(path: str | Path) -> bool:
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False
