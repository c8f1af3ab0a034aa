# SPDX-License-Identifier: Apache-2.0
"""COCO-Hand: `COCO-Hand-S` and `COCO-Hand-Big`, each an annotation file and a folder of pictures; see `hand_lines`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.errors import SourceError
from training.convert.coco_set import SourcePicture
from training.convert.hand_lines import hands_by_picture, picture_folder

_PATTERN = "*_annotations.txt"


def coco_hand_pictures(source: Path) -> Iterator[SourcePicture]:
    """Yield the pictures of one of the two, or of the folder that holds both; all are for training.

    What both have is taken from COCO-Hand-S, whose annotations were chosen for their quality. Raises `SourceError` when
    `source` is not laid out so.
    """
    files = sorted([*source.glob(_PATTERN), *source.glob(f"*/{_PATTERN}")], key=lambda file: ("Big" in file.name, file))
    if not files:
        raise SourceError(f"{source} is not COCO-Hand; expected COCO-Hand-S/COCO-Hand-S_annotations.txt in it")
    seen: set[str] = set()
    for file in files:
        images = picture_folder(file.parent)
        for name, hands in hands_by_picture(file).items():
            if name not in seen:
                seen.add(name)
                yield SourcePicture(images / name, "train", hands)
