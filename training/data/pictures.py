# SPDX-License-Identifier: Apache-2.0
"""Pictures on disk: those of a folder, and `PictureStore`, which keeps decoded ones in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from edge.errors import SourceError
from edge.sources.picture import pixels_from_file
from training.augment.placement import Picture

# The EXIF tag, and its values for a camera that was held upright.
ORIENTATION, TURNED = 0x0112, range(5, 9)
SUFFIXES = frozenset({".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".webp"})


def pictures_below(folder: Path) -> list[Path]:
    """Return the picture files in `folder` and the folders within, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height in pixels, as the picture is seen, from its first bytes alone.

    Raises `SourceError` when it cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(ORIENTATION, 1) in TURNED
            return picture.size[::-1] if turned else picture.size
    except (OSError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "it is no picture, or too large a one"
        raise SourceError(f"{path} cannot be read: {reason}; copy or download it again") from error


def memory_for_pictures() -> int:
    """Return half of this machine's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


class PictureStore:
    """BGR (H, W, 3) uint8 pictures by path, decoded once and shared with forked loader workers.

    A thousand of 480 x 360 pixels take 0.5 GB. What does not fit in `most_bytes`, by default half of the memory, is
    decoded anew each time. Raises `SourceError` when a picture cannot be read.
    """

    def __init__(self, paths: Iterable[Path], *, most_bytes: int | None = None) -> None:
        self._paths = dict.fromkeys(paths)
        self._kept: dict[Path, Picture] = {}
        left = memory_for_pictures() if most_bytes is None else most_bytes
        for path in self._paths:
            picture = pixels_from_file(path)
            left -= picture.nbytes
            if left < 0:
                break
            self._kept[path] = picture

    def __getitem__(self, path: Path) -> Picture:
        if path not in self._paths:
            raise KeyError(path)
        kept = self._kept.get(path)
        return pixels_from_file(path) if kept is None else kept

    def __len__(self) -> int:
        return len(self._paths)
