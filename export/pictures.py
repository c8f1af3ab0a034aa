# SPDX-License-Identifier: Apache-2.0
"""Pictures that an export is checked on: those of a folder, or rendered scenes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.bundle.self_test import Keypoints
from edge.errors import SourceError
from edge.sources.picture import pixels_from_file
from training.data.pictures import SUFFIXES, pictures_below

SCENES = 8
SCENE_SECONDS = 1.7
Picture: TypeAlias = NDArray[np.uint8]
BoxXyxy: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CheckPicture:
    """A BGR picture (H, W, 3) uint8, and what a model is given that says more about hands: boxes, maybe keypoints."""

    picture: Picture
    boxes_xyxy: tuple[BoxXyxy, ...]
    keypoints: tuple[Keypoints, ...] | None = None

    def __repr__(self) -> str:
        return f"CheckPicture({self.picture.shape}, boxes={len(self.boxes_xyxy)})"


def pictures_from_folder(folder: Path, *, most: int) -> list[CheckPicture]:
    """Return up to `most` pictures, evenly picked from all below `folder`; each gives itself as the one box.

    Raises `SourceError` when there is no readable picture.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give a folder of pictures")
    paths = pictures_below(folder)
    picked = [paths[index] for index in np.unique(np.linspace(0, len(paths) - 1, min(most, len(paths))).astype(int))]
    found = []
    for path in picked:
        with contextlib.suppress(SourceError):
            found.append(picture_from_file(path))
    if not found:
        raise SourceError(f"{folder} holds no readable picture ({', '.join(sorted(SUFFIXES))}); give another folder")
    return found


def rendered_pictures(*, width_px: int = 640, height_px: int = 360, most: int = SCENES) -> list[CheckPicture]:
    """Return `most` scenes of different seeds with the true boxes of their hands."""
    from edge.scene import Scene

    pictures = []
    for seed in range(most):
        shot = Scene(width_px=width_px, height_px=height_px, seed=seed).render(SCENE_SECONDS)
        truth = shot.truth
        boxes = tuple((float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in truth.boxes_xyxy)
        keypoints = tuple(tuple((float(x), float(y), 1.0) for x, y in hand) for hand in truth.keypoints_xy)
        if boxes:
            pictures.append(CheckPicture(shot.bgr, boxes, keypoints))
        else:
            pictures.append(CheckPicture(shot.bgr, (whole(shot.bgr),)))
    return pictures


def picture_from_file(path: Path) -> CheckPicture:
    """Return one picture; it gives itself as the one box. Raises `SourceError` when it cannot be read."""
    picture = pixels_from_file(path)
    return CheckPicture(picture, (whole(picture),))


def strips(picture: Picture) -> list[Picture]:
    """Return the middle of a picture as a wide and as a tall strip, to reach the narrowest inputs of a letterbox."""
    height_px, width_px = picture.shape[:2]
    thin_h, thin_w = max(1, width_px // 12), max(1, height_px // 12)
    top, left = max(0, (height_px - thin_h) // 2), max(0, (width_px - thin_w) // 2)
    return [picture[top : top + thin_h], picture[:, left : left + thin_w]]


def whole(picture: Picture) -> BoxXyxy:
    """Return the box of the whole picture."""
    return 0.0, 0.0, float(picture.shape[1]), float(picture.shape[0])
