# SPDX-License-Identifier: Apache-2.0
"""`Coverage`: what the pictures that a model is calibrated on show, and where they are too narrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from calibration.pictures import LabelledPicture
from edge.errors import SourceError
from export.pictures import BoxXyxy, Picture

FEW_PICTURES, FEW_GESTURES = 32, 3
# Levels between the darkest and the brightest tenth of the pictures.
NARROW_BRIGHTNESS = 40.0
# Pixels of photographs resemble their neighbours; those of noise do not.
LEAST_LIKENESS = 0.5
GLANCE_PX = 160
# Individual typology angle (Chardon et al. 1991) in degrees: dark to very light.
TONES = {"dark": -30.0, "brown": 10.0, "tan": 28.0, "intermediate": 41.0, "light": 90.1}
EXTENTS = {"small": 0.10, "medium": 0.25, "large": np.inf}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was calibrated on.

    `brightness` are the tenth, fiftieth and ninetieth percentile of the pictures' mean levels; `extents` and `tones`
    count hands by their share of the picture's longest side and by the tone of their middle; `warnings` say where the
    set is narrow.
    """

    pictures: int
    hands: int
    gestures: dict[str, int]
    brightness: tuple[float, float, float]
    extents: dict[str, int]
    tones: dict[str, int]

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each way in which the set is narrow."""
        told = []
        if self.pictures < FEW_PICTURES:
            told.append(f"only {self.pictures} pictures to calibrate on; give {FEW_PICTURES} or more")
        if self.brightness[2] - self.brightness[0] < NARROW_BRIGHTNESS:
            told.append("all pictures are about equally bright; add darker and brighter ones")
        if 0 < len(self.gestures) < FEW_GESTURES:
            told.append(f"only the gestures {', '.join(self.gestures)} are shown; add others")
        for kind, counts in (("sizes", self.extents), ("skin tones", self.tones)):
            if self.hands and max(counts.values()) > 0.9 * self.hands:
                name = max(counts, key=counts.__getitem__)
                told.append(f"nearly all hands are {name}; add other {kind}")
        return tuple(told)


def coverage_of(pictures: Sequence[LabelledPicture], boxes: Sequence[Sequence[BoxXyxy]]) -> Coverage:
    """Return what `pictures` show; `boxes[i]` are the hands in the i-th.

    Raises `SourceError` when they are noise or show nothing.
    """
    likeness = [_likeness(picture.pixels) for picture in pictures]
    if not likeness or float(np.median(likeness)) < LEAST_LIKENESS:
        raise SourceError(
            "the pictures to calibrate on are noise or show nothing; give photographs as the camera will take them"
        )
    levels = [float(picture.pixels.mean()) for picture in pictures]
    extents, tones = dict.fromkeys(EXTENTS, 0), dict.fromkeys(TONES, 0)
    for picture, own in zip(pictures, boxes, strict=True):
        longest_px = max(picture.pixels.shape[:2])
        for box in own:
            share = max(box[2] - box[0], box[3] - box[1]) / longest_px
            extents[next(name for name, most in EXTENTS.items() if share < most)] += 1
            angle = _tone_angle(picture.pixels, box)
            tones[next(name for name, most in TONES.items() if angle < most)] += 1
    names = [name for picture in pictures for name in picture.sample.gestures if name is not None]
    low, middle, high = (float(value) for value in np.percentile(levels, (10, 50, 90)))
    return Coverage(
        pictures=len(pictures),
        hands=sum(map(len, boxes)),
        gestures=dict(sorted(Counter(names).items())),
        brightness=(low, middle, high),
        extents=extents,
        tones=tones,
    )


def _likeness(picture: Picture) -> float:
    """Return the correlation of each pixel with its neighbour to the right, 0 for a picture of one colour."""
    step = max(1, max(picture.shape[:2]) // GLANCE_PX)
    rows = picture[::step, :, 1].astype(np.float32)
    left, right = rows[:, :-1].ravel(), rows[:, 1:].ravel()
    if left.size < 2 or left.std() < 1 or right.std() < 1:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _tone_angle(picture: Picture, box: BoxXyxy) -> float:
    """Return the individual typology angle of the middle of a box in degrees."""
    height_px, width_px = picture.shape[:2]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    reach_px = max(1, round(min(box[2] - box[0], box[3] - box[1]) / 8))
    left, top = (int(np.clip(middle - reach_px, 0, most - 1)) for middle, most in ((x, width_px), (y, height_px)))
    patch = picture[top : top + 2 * reach_px, left : left + 2 * reach_px].astype(np.float32) / 255
    lightness, _, yellow = np.median(cv2.cvtColor(patch, cv2.COLOR_BGR2LAB).reshape(-1, 3), axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, max(abs(yellow), 1e-3))))
