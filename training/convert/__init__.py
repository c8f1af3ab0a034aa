# SPDX-License-Identifier: Apache-2.0
"""Data sets of others to the COCO layout that `training.data.coco` reads; one file a layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from edge.errors import UsageError
from training.convert.coco_hand import coco_hand_pictures
from training.convert.coco_set import SourcePicture
from training.convert.oxford import oxford_pictures
from training.convert.tv_hand import tv_hand_pictures

LAYOUTS: dict[str, Callable[[Path], Iterator[SourcePicture]]] = {
    "oxford": oxford_pictures,
    "tv-hand": tv_hand_pictures,
    "coco-hand": coco_hand_pictures,
}


def pictures_in_layout(layout: str, source: Path) -> Iterator[SourcePicture]:
    """Yield the annotated pictures of a data set.

    Raises `UsageError` for an unknown layout and `SourceError` when `source` is not in it.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"there is no layout {layout!r}; choose one of {', '.join(LAYOUTS)} or visor")
    return LAYOUTS[layout](source)
