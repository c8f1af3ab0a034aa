# SPDX-License-Identifier: Apache-2.0
"""Reader of sets with a picture of the mask for each picture: `img/a.jpg` and `masks/a.png`.

Whatever is not 0 in a mask is a hand. The pair of folders lies in the set itself, or in one folder for each split.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import SourceError
from training.data.pictures import picture_size, pictures_below
from training.data.sample import FloatArray, HandSample

SPLITS = ("train", "val", "test")
PICTURES, MASKS = "img", "masks"
# Smaller specks are no hand of their own.
LEAST_SHARE = 0.0005


def read_mask_folders(folder: Path) -> list[HandSample]:
    """Read every picture below `img` with its mask; parts of a mask that hang together are its hands.

    Raises `SourceError` when the folders or a mask are missing, a file cannot be read or a mask has other proportions.
    """
    roots = {split: folder / split for split in SPLITS if (folder / split / PICTURES).is_dir()}
    if not roots:
        roots = {"train": folder}
    samples = []
    for split, root in roots.items():
        paths = pictures_below(root / PICTURES)
        if not paths:
            raise SourceError(f"{root / PICTURES} holds no pictures; expected {PICTURES}/a.jpg and {MASKS}/a.png")
        samples += [_sample(path, root, split=split, folder=folder) for path in paths]
    return samples


def mask_from_file(path: Path) -> npt.NDArray[np.uint8]:
    """Return a mask (H, W) uint8, 0 or 1. Raises `SourceError` when the file is no picture."""
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; each picture needs its mask") from error
    levels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if len(content) else None
    if levels is None:
        raise SourceError(f"{path} is no picture; write the mask as PNG, 0 where no hand is")
    colours = levels if levels.ndim == 2 else levels[..., :3].max(axis=2)
    return np.asarray(colours > 0, np.uint8)


def _sample(path: Path, root: Path, *, split: str, folder: Path) -> HandSample:
    name = path.relative_to(root / PICTURES)
    candidates = [root / MASKS / name.with_suffix(".png"), root / MASKS / f"{name}.png", root / MASKS / name]
    mask_path = next((one for one in candidates if one.is_file()), None)
    if mask_path is None:
        raise SourceError(f"{path} has no mask; expected {candidates[0]}")
    width_px, height_px = picture_size(path)
    mask = mask_from_file(mask_path)
    if abs(mask.shape[1] * height_px - mask.shape[0] * width_px) > max(width_px, height_px):
        raise SourceError(f"{mask_path} is {mask.shape[1]}x{mask.shape[0]}, its picture {width_px}x{height_px}")
    outlines = _outlines(mask, width_px / mask.shape[1])
    boxes = np.array([[*one.min(0), *(one.max(0) + 1)] for one in outlines], np.float32).reshape(-1, 4)
    count = len(boxes)
    return HandSample(
        path=path,
        dataset=folder.name,
        licence="not stated",
        split=split,
        group=f"{split}/{name}",
        width_px=width_px,
        height_px=height_px,
        boxes_xyxy=boxes,
        ignored=np.zeros(count, np.bool_),
        keypoints=np.full((count, 21, 2), np.nan, np.float32),
        gestures=(None,) * count,
        handedness=(None,) * count,
        outlines=tuple(outlines),
        mask=mask_path,
    )


def _outlines(mask: npt.NDArray[np.uint8], scale: float) -> list[FloatArray]:
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    least_px = LEAST_SHARE * mask.size
    parts = [one for one in found if len(one) >= 3 and cv2.contourArea(one) >= least_px]
    return [np.asarray((one.reshape(-1, 2) + 0.5) * scale - 0.5, np.float32) for one in parts]
