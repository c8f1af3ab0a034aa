# SPDX-License-Identifier: Apache-2.0
"""`Journal`: the records of a run so far, so that the same command goes on where it stopped."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from edge.errors import UsageError
from training.autolabel.record import PictureRecord

if TYPE_CHECKING:
    from typing_extensions import Self


class Journal:
    """A file whose first line says how the run was begun, each further one what was found in a picture.

    A last line that was cut is dropped. Raises `UsageError` when the run was begun otherwise than by `terms`, and
    `OSError` when the file cannot be written.
    """

    def __init__(self, path: Path, terms: Mapping[str, Any]) -> None:
        self._path = path
        begun, self.records = _read(path)
        if begun is not None and begun != json.loads(json.dumps(terms)):
            raise UsageError(
                f"{path.parent} was begun with other models, thresholds or pictures; repeat that command, or name"
                " another folder"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written anew, without what was cut.
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps(terms) + "\n")
            stream.writelines(record.to_line() for record in self.records)
        partial.replace(path)
        self._stream = path.open("a", encoding="utf-8")

    def add(self, record: PictureRecord) -> None:
        """Write a record down at once."""
        self.records.append(record)
        self._stream.write(record.to_line())
        self._stream.flush()

    def remove(self) -> None:
        """Remove the file, and its folder where nothing else is in it: the run has ended."""
        self._path.unlink()
        with contextlib.suppress(OSError):
            self._path.parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


def _read(path: Path) -> tuple[Any, list[PictureRecord]]:
    if not path.exists():
        return None, []
    first, *lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    # What follows the last line end was cut.
    return json.loads(first), [PictureRecord.from_line(line) for line in lines[:-1]]
