# SPDX-License-Identifier: Apache-2.0
"""Photographs far larger than a training needs: samples, and their pictures, at a fraction of the size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.sources.picture import Reduction
from training.data.pictures import PictureStore, reduction_to
from training.data.sample import HandSample

# For models that look at crops: what a detector that looks for others sees at most, and how many times the crop's side
# a hand may measure before more pixels of it are of no use.
ENOUGH_PX = 640.0
ENOUGH_HAND_SIDES = 1.3


def reduced(samples: Sequence[HandSample], *, longest_px: float, hand_px: float = 0.0) -> list[HandSample]:
    """Return the samples in pixels of pictures divided by 2, 4 or 8 where that leaves enough, as they are elsewhere.

    Enough is `longest_px` on a picture's longer side, and `hand_px` on that of the smallest hand in it.
    """
    most: dict[Path, Reduction] = {}
    for sample in samples:
        own = _reduction_of(sample, longest_px, hand_px)
        most[sample.path] = min(own, most.get(sample.path, own))
    return [_divided(sample, most[sample.path]) for sample in samples]


def store_of(samples: Iterable[HandSample]) -> PictureStore:
    """Return the pictures of samples, each as far reduced as its sample is. Raises `SourceError`."""
    return PictureStore({sample.path: sample.reduction for sample in samples})


def _reduction_of(sample: HandSample, longest_px: float, hand_px: float) -> Reduction:
    reduction = reduction_to(max(sample.width_px, sample.height_px), longest_px)
    boxes = sample.boxes_xyxy[~sample.ignored]
    if not len(boxes):
        return reduction
    return min(reduction, reduction_to(float((boxes[:, 2:] - boxes[:, :2]).max(1).min()), hand_px))


def _divided(sample: HandSample, reduction: Reduction) -> HandSample:
    if reduction == 1:
        return sample
    scale = np.float32(1 / reduction)
    return replace(
        sample,
        reduction=reduction,
        width_px=-(-sample.width_px // reduction),
        height_px=-(-sample.height_px // reduction),
        boxes_xyxy=sample.boxes_xyxy * scale,
        keypoints=sample.keypoints * scale,
        outlines=tuple(None if outline is None else outline * scale for outline in sample.outlines),
    )
