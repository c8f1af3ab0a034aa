# SPDX-License-Identifier: Apache-2.0
"""TV-Hand: `train_IDs_tv.txt`, `valid_IDs.txt` and `test_IDs.txt` beside `TV-Hand_Images`; see `hand_lines`.

A picture is named `CLIP_FRAME.jpg`: pictures of one clip are one group.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.errors import SourceError
from training.convert.coco_set import SourcePicture
from training.convert.hand_lines import hands_by_picture, picture_folder

_SPLITS = {"train": "train", "valid": "val", "test": "test"}


def tv_hand_pictures(source: Path) -> Iterator[SourcePicture]:
    """Yield the pictures of TV-Hand. Raises `SourceError` when `source` is not laid out so."""
    files = [(split, file) for name, split in _SPLITS.items() for file in sorted(source.glob(f"{name}_IDs*.txt"))]
    if not files:
        raise SourceError(f"{source} is not TV-Hand; expected train_IDs_tv.txt, valid_IDs.txt and test_IDs.txt in it")
    images = picture_folder(source)
    for split, file in files:
        for name, hands in hands_by_picture(file).items():
            yield SourcePicture(images / name, split, hands, group=name.partition("_")[0])
