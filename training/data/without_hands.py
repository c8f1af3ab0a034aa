# SPDX-License-Identifier: Apache-2.0
"""Reader of folders of pictures that show no hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.data.pictures import glance_at, pictures_below
from training.data.sample import HandSample


def read_without_hands(folder: Path, *, licence: str = "not stated") -> list[HandSample]:
    """Read every picture below `folder` as a training sample without a hand, a group of its own.

    Raises `SourceError` when a picture cannot be read.
    """
    return [_sample(path, folder.name, licence) for path in pictures_below(folder)]


def _sample(path: Path, dataset: str, licence: str) -> HandSample:
    glance = glance_at(path)
    return HandSample(
        path=path,
        dataset=dataset,
        licence=licence,
        split="train",
        group=path.stem,
        width_px=glance.width_px,
        height_px=glance.height_px,
        boxes_xyxy=np.zeros((0, 4), np.float32),
        ignored=np.zeros(0, np.bool_),
        keypoints=np.zeros((0, 21, 2), np.float32),
        gestures=(),
        handedness=(),
        outlines=(),
    )
