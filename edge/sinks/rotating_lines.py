# SPDX-License-Identifier: Apache-2.0
"""JSON lines in files of limited size and age."""

from __future__ import annotations

import errno
import math
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.json_lines import JsonLinesSink
from edge.sinks.trouble import Trouble, tell_by_warning
from edge.sources.source import Source

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TAIL_BYTES = 2**20


class RotatingLinesSink(JsonLinesSink):
    """Lines go on behind those that are there; at a size or an age the file gets a number, `hands.jsonl.000042`.

    Numbers grow by one whatever the clock says, and the newest `keep` files stay. A full disk costs the oldest of them,
    then the newest lines, which are counted until there is room again. What a killed program left of a line is taken
    back when the file is opened.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        masks: bool = False,
        max_bytes: float = math.inf,
        max_age_s: float = math.inf,
        keep: int = 10,
        tell: Callable[[str], None] = tell_by_warning,
    ) -> None:
        super().__init__(path, masks=masks, appends=True)
        self._max_bytes, self._max_age_s, self._keep = max_bytes, max_age_s, keep
        self._trouble = Trouble(self.name, tell)
        self._begun_s = 0.0
        self._is_put_aside = False

    @property
    def lost(self) -> Mapping[str, int]:
        """Lines that a full disk had no room for."""
        return dict(self._trouble.lost)

    def open(self, source: Source) -> None:
        """Open the file behind its last whole line. Raises `OutputError`."""
        self._begun_s, self._is_put_aside = time.monotonic(), False
        _take_back_torn_line(Path(self._path))
        super().open(source)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one line; without room for it, count it. Raises `OutputError` for other faults."""
        try:
            self._rotate()
            super().write(frame, result)
        except OutputError as error:
            if not (isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL):
                raise
            closed = self._closed_files()
            if closed:
                closed[0].unlink(missing_ok=True)
            self._trouble.begin("disk full", "the disk is full; lines are left out until there is room")
            self._trouble.lose("disk full")
        else:
            self._trouble.end()

    def _is_due(self) -> bool:
        is_old = time.monotonic() - self._begun_s >= self._max_age_s
        return self._whole_bytes > 0 and (is_old or self._whole_bytes >= self._max_bytes)

    def _rotate(self) -> None:
        """Put the file aside when it is due, and begin the next one, which may have to wait until there is room."""
        try:
            if self._is_due():
                self._put_aside()
            if self._is_put_aside:
                self._begin_file()
                self._begun_s, self._is_put_aside = time.monotonic(), False
        except OSError as error:
            raise self._error(error) from error

    def _put_aside(self) -> None:
        path = Path(self._path)
        closed = self._closed_files()
        number = _number_of(closed[-1]) + 1 if closed else 1
        # Somebody may have deleted the file: then there is nothing to keep.
        with suppress(FileNotFoundError):
            path.rename(path.with_name(f"{path.name}.{number:06d}"))
        file, self._file = self._opened(), None
        self._whole_bytes, self._is_put_aside = 0, True
        file.close()
        for old in closed[: max(len(closed) + 1 - self._keep, 0)]:
            old.unlink(missing_ok=True)

    def _closed_files(self) -> list[Path]:
        """Return the closed files, oldest first."""
        path = Path(self._path)
        pattern = re.compile(re.escape(path.name) + r"\.\d{6,}")
        files = [entry for entry in path.parent.iterdir() if pattern.fullmatch(entry.name)]
        return sorted(files, key=_number_of)


def _number_of(file: Path) -> int:
    return int(file.name.rpartition(".")[2])


def _take_back_torn_line(path: Path) -> None:
    """Cut a file behind its last line end, if it has none at its end."""
    try:
        with path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            start = max(end - _TAIL_BYTES, 0)
            file.seek(start)
            tail = file.read()
            if tail and not tail.endswith(b"\n"):
                file.truncate(start + tail.rfind(b"\n") + 1)
    except OSError:
        return
