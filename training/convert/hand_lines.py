# SPDX-License-Identifier: Apache-2.0
"""Lines of Hand-CNN's annotation files: a picture, the sides of a hand's box, its four corners, `hand`.

Source: Narasimhaswamy et al., "Contextual Attention for Hand Detection in the Wild", ICCV 2019. The four sides come in
another order in TV-Hand than in COCO-Hand, so the corners alone tell the box; the first two lie at the wrist. A picture
without hands has one line of -1.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from edge.errors import SourceError
from training.convert.coco_set import SourceHand

_SIDES, _COORDINATES = 4, 8
_NO_HAND = -1


def hands_by_picture(file: Path) -> dict[str, list[SourceHand]]:
    """Return the hands of every picture by its file name. Raises `SourceError` when the file is not of this kind."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read: {error}") from error
    found: dict[str, list[SourceHand]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, *values = (part.strip() for part in line.split(","))
        hands = found.setdefault(PurePosixPath(name).name, [])
        try:
            numbers = np.array(values[:-1], np.float64)
        except ValueError:
            numbers = np.empty(0)
        if len(numbers) != _SIDES + _COORDINATES or not np.isfinite(numbers).all():
            raise SourceError(f"{file}, line {number}: expected a picture, 12 numbers and `hand`, got {line[:80]!r}")
        if not (numbers == _NO_HAND).all():
            hands.append(SourceHand(numbers[_SIDES:].reshape(4, 2)))
    return found


def picture_folder(folder: Path) -> Path:
    """Return the folder of pictures in `folder`, named `..._Images`. Raises `SourceError` when there is none."""
    found = sorted(path for path in folder.glob("*") if path.is_dir() and path.name.lower().endswith("_images"))
    if not found:
        raise SourceError(f"{folder} holds no folder of pictures; expected one named {folder.name}_Images")
    return found[0]
