# SPDX-License-Identifier: Apache-2.0
"""Pictures on disk: those of a folder, and `PictureStore`, which keeps decoded ones in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge.sources.picture import pixels_from_file
from training.augment.placement import Picture

SUFFIXES = frozenset({".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".webp"})


def pictures_below(folder: Path) -> list[Path]:
    """Return the picture files in `folder` and the folders within, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


class PictureStore:
    """BGR (H, W, 3) uint8 pictures by path, each decoded once and shared with forked loader workers.

    A thousand of 480 x 360 pixels take 0.5 GB. Raises `SourceError` when a picture cannot be read.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._pictures: dict[Path, Picture] = {path: pixels_from_file(path) for path in dict.fromkeys(paths)}

    def __getitem__(self, path: Path) -> Picture:
        return self._pictures[path]

    def __len__(self) -> int:
        return len(self._pictures)
