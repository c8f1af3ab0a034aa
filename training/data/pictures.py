# SPDX-License-Identifier: Apache-2.0
"""`PictureStore`: every training picture decoded once and kept in memory, shared with forked loader workers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge.sources.picture import pixels_from_file
from training.augment.placement import Picture


class PictureStore:
    """BGR (H, W, 3) uint8 pictures by path; a thousand of 480 x 360 pixels take 0.5 GB.

    Raises `SourceError` when a picture cannot be read.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._pictures: dict[Path, Picture] = {path: pixels_from_file(path) for path in dict.fromkeys(paths)}

    def __getitem__(self, path: Path) -> Picture:
        return self._pictures[path]

    def __len__(self) -> int:
        return len(self._pictures)
