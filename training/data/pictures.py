# SPDX-License-Identifier: Apache-2.0
"""`PictureStore`: every training picture decoded once and kept in memory, shared with forked loader workers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from edge.errors import SourceError
from training.augment.placement import Picture


class PictureStore:
    """BGR uint8 pictures by path. A few thousand pictures of 480 pixels take about 0.5 GB a thousand."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._pictures: dict[Path, Picture] = {}
        for path in paths:
            picture = cv2.imread(str(path))
            if picture is None:
                raise SourceError(f"{path} is missing or not a picture; check the data folder")
            self._pictures[path] = np.asarray(picture, np.uint8)

    def __getitem__(self, path: Path) -> Picture:
        return self._pictures[path]

    def __len__(self) -> int:
        return len(self._pictures)
