# SPDX-License-Identifier: Apache-2.0
"""`HandSample`: one annotated picture, whatever the format it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.sources.picture import Reduction

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HandSample:
    """A picture and its hands, in source pixels.

    `boxes_xyxy` is (N, 4) float32. `ignored` (N,) bool marks regions that count neither as a hand nor as background.
    `keypoints` is (N, 21, 2) float32 in MediaPipe order, NaN where a hand has none. `gestures` and `handedness` hold
    one name or None a hand, `outlines` one (K, 2) float32 polygon or None. `holding` says of each hand whether it holds
    something, None where that is not known; it is empty where nobody asked. `group` is the scene or person: a split
    never cuts a group. `reduction` is by how much the picture's sides are divided when it is read. `mask` is a
    picture of the mask of all hands, where there is one.
    """

    path: Path
    dataset: str
    licence: str
    split: str
    group: str
    width_px: int
    height_px: int
    boxes_xyxy: FloatArray
    ignored: BoolArray
    keypoints: FloatArray
    gestures: tuple[str | None, ...]
    handedness: tuple[str | None, ...]
    outlines: tuple[FloatArray | None, ...]
    reduction: Reduction = 1
    holding: tuple[bool | None, ...] = ()
    mask: Path | None = None

    def __post_init__(self) -> None:
        count = len(self.boxes_xyxy)
        shapes = (self.boxes_xyxy.shape, self.ignored.shape, self.keypoints.shape)
        lengths = {len(self.gestures), len(self.handedness), len(self.outlines), len(self.holding or self.outlines)}
        if shapes != ((count, 4), (count,), (count, 21, 2)) or lengths != {count}:
            raise ValueError(f"a sample of {count} hands needs (N, 4), (N,) and (N, 21, 2) arrays, got {shapes}")

    def __repr__(self) -> str:
        return f"HandSample({self.dataset}/{self.path.name}, {self.split}, hands={len(self.boxes_xyxy)})"
