# SPDX-License-Identifier: Apache-2.0
"""All pictures of a folder, in the order of their paths."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.sources.file_name import printable
from edge.sources.picture import pixels_from_file
from edge.sources.signature import PICTURES_NAMED
from edge.sources.source import SkippedFile, Source

_READ = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp"})
_KNOWN_UNREAD = frozenset({".tif", ".tiff", ".gif", ".heic", ".heif", ".avif", ".jp2", ".jxl"})


class FolderSource(Source):
    """The pictures below a folder; unreadable ones are skipped, and listed in `skipped`.

    Raises:
        SourceError: the folder cannot be listed or holds no picture; from `frames`, none of its pictures can be read.
    """

    def __init__(self, folder: Path, *, name: str | None = None) -> None:
        self.name = printable(str(folder) if name is None else name)
        self._folder = folder
        self._skipped: list[SkippedFile] = []
        self._files = pictures_below(folder)
        if not self._files:
            raise SourceError(f"folder {folder} holds no picture; expected {PICTURES_NAMED} files in it or below it")
        self.frame_count = len(self._files)

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """Pictures passed over so far."""
        return tuple(self._skipped)

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures that can be read. Raises `SourceError` when none can."""
        index = 0
        for file in self._files:
            place = printable(file.relative_to(self._folder).as_posix())
            try:
                pixels = pixels_from_file(file)
            except SourceError as error:
                self._skipped.append(SkippedFile(place, printable(str(error))))
                continue
            yield Frame(pixels, PixelFormat.BGR, time.monotonic_ns(), index, self.name, path=place, media_time_s=0.0)
            index += 1
        if index == 0:
            raise SourceError(
                f"none of the {len(self._files)} pictures in folder {self._folder} can be read; the first:"
                f" {self._skipped[0].reason}"
            )


def pictures_below(folder: Path) -> list[Path]:
    """Return the files below a folder that are named like pictures, sorted. Raises `SourceError`."""
    refused: list[OSError] = []
    files = [
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=refused.append)
        for name in names
        if Path(name).suffix.lower() in _READ | _KNOWN_UNREAD and not name.startswith(".")
    ]
    if refused:
        raise SourceError(f"cannot list folder {refused[0].filename}: {refused[0].strerror}") from refused[0]
    return sorted(files)
