# SPDX-License-Identifier: Apache-2.0
"""Pictures on disk: those of a folder, and `PictureStore`, which keeps decoded ones in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.errors import SourceError
from edge.sources.picture import Reduction, content_of, pixels_from_bytes, pixels_from_file
from edge.sources.picture_header import picture_header
from training.augment.placement import Picture

GLANCE_PX = 128
# So few that what memory does not hold is not much more than what is read in vain.
READ_AT_ONCE = 64
# The EXIF tag, and its values for a camera that was not held upright.
ORIENTATION, TURNED = 0x0112, range(5, 9)
SUFFIXES = frozenset({".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".webp"})
_WHOLE: Reduction = 1
_REDUCTIONS: tuple[Reduction, ...] = (8, 4, 2)


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


@dataclass(frozen=True, slots=True)
class Glance:
    """A picture seen at reduced scale: `pixels` (H, W, 3) BGR, and how large it is itself, upright."""

    width_px: int
    height_px: int
    pixels: Picture


def glance_at(path: Path) -> Glance:
    """Read a picture at reduced scale. Raises `SourceError` when it cannot be read or is cut."""
    content = content_of(path)
    header = picture_header(content)
    longest_px = 0 if header is None else max(header.width_px, header.height_px)
    pixels = pixels_from_bytes(content, origin=str(path), reduction=reduction_to(longest_px, GLANCE_PX))
    assert header is not None  # noqa: S101 - what was decoded has a header
    # A header tells the size before the rotation that the file asks for, and pixels are upright. Where they are square,
    # the sides differ by less than the reduction.
    turned = (header.width_px - header.height_px) * (pixels.shape[1] - pixels.shape[0]) < 0
    width_px, height_px = (header.width_px, header.height_px)[:: -1 if turned else 1]
    return Glance(width_px, height_px, pixels)


def reduction_to(longest_px: float, enough_px: float) -> Reduction:
    """Return by how much a side of `longest_px` may be divided so that `enough_px` are left."""
    return next((reduction for reduction in _REDUCTIONS if longest_px >= reduction * enough_px), _WHOLE)


class Pictures(Protocol):
    """Where a BGR (H, W, 3) uint8 picture is had by its path."""

    def __getitem__(self, path: Path) -> Picture:
        """Return the picture. Raises `SourceError` when it cannot be read."""


class PicturesOnDisk:
    """Pictures read when they are asked for; the last one is kept."""

    def __init__(self) -> None:
        self._last: tuple[Path, Picture] | None = None

    def __getitem__(self, path: Path) -> Picture:
        if self._last is None or self._last[0] != path:
            self._last = path, pixels_from_file(path)
        return self._last[1]


def memory_for_pictures() -> int:
    """Return half of this machine's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


class PictureStore:
    """BGR (H, W, 3) uint8 pictures by path, decoded once and shared with forked loader workers.

    A mapping tells by how much the sides of each are divided. A thousand of 480 x 360 pixels take 0.5 GB. What does not
    fit in `most_bytes`, by default half of the memory, is decoded anew each time. Raises `SourceError` when a picture
    cannot be read.
    """

    def __init__(self, paths: Iterable[Path] | Mapping[Path, Reduction], *, most_bytes: int | None = None) -> None:
        self._reductions = dict(paths) if isinstance(paths, Mapping) else dict.fromkeys(paths, _WHOLE)
        self._kept: dict[Path, Picture] = {}
        left = memory_for_pictures() if most_bytes is None else most_bytes
        with ThreadPoolExecutor() as readers:
            paths = list(self._reductions)
            for first in range(0, len(paths), READ_AT_ONCE):
                part = paths[first : first + READ_AT_ONCE]
                for path, picture in zip(part, readers.map(self._read, part), strict=True):
                    left -= picture.nbytes
                    if left < 0:
                        return
                    self._kept[path] = picture

    def __getitem__(self, path: Path) -> Picture:
        kept = self._kept.get(path)
        return self._read(path) if kept is None else kept

    def _read(self, path: Path) -> Picture:
        return pixels_from_file(path, reduction=self._reductions[path])

    def __len__(self) -> int:
        return len(self._reductions)
