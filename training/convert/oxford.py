# SPDX-License-Identifier: Apache-2.0
"""Oxford's hand data set: a .mat file beside each picture, with four corners of a turned box for every hand.

Source: Mittal, Zisserman and Torr, "Hand detection using multiple proposals", BMVC 2011. Below `hand_dataset` lie
`training_dataset/training_data`, `validation_dataset/validation_data` and `test_dataset/test_data`, each with `images`
and `annotations`. A file holds the cell array `boxes` of structures with the corners `a` to `d`, each (y, x) counted
from 1, and in most a letter that names the hand.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from edge.errors import SourceError
from training.convert.coco_set import SourceHand, SourcePicture

_SPLITS = {"training": "train", "validation": "val", "test": "test"}
_CORNERS = ("a", "b", "c", "d")
# The middle of a picture's first pixel is (1, 1) there and (0.5, 0.5) here.
_ORIGIN = 0.5


def oxford_pictures(source: Path) -> Iterator[SourcePicture]:
    """Yield the pictures of `hand_dataset`. Raises `SourceError` when there is none or a .mat file is another."""
    found = False
    for name, split in _SPLITS.items():
        folder = source / f"{name}_dataset" / f"{name}_data"
        for file in sorted((folder / "annotations").glob("[!.]*.mat")):
            found = True
            yield SourcePicture(folder / "images" / f"{file.stem}.jpg", split, hands_in_mat(file))
    if not found:
        raise SourceError(
            f"{source} is not Oxford's hand_dataset; expected training_dataset/training_data/annotations/*.mat in it"
        )


def hands_in_mat(file: Path) -> list[SourceHand]:
    """Return the hands of one annotation file. Raises `SourceError` when it is none."""
    try:
        cells = loadmat(str(file))["boxes"].ravel()
        return [_hand(cell.ravel()[0]) for cell in cells]
    except (OSError, MatReadError, NotImplementedError, zlib.error) as error:
        raise SourceError(f"{file} is not a readable .mat file ({error}); copy or download it again") from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{file} holds no cell array `boxes` of structures with the corners a to d: {error}"
        ) from error


def _hand(box: Any) -> SourceHand:
    corners_yx = np.array([np.ravel(box[corner])[:2] for corner in _CORNERS], np.float64)
    if corners_yx.shape != (4, 2) or not np.isfinite(corners_yx).all():
        raise ValueError(f"expected four finite corners, got {corners_yx.tolist()}")
    others = (np.ravel(box[name]) for name in box.dtype.names if name not in _CORNERS)
    letters = [str(value[0]) for value in others if value.size == 1 and value.dtype.kind == "U"]
    return SourceHand(corners_yx[:, ::-1] - _ORIGIN, letters[0] if letters else None)
