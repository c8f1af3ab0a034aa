# SPDX-License-Identifier: Apache-2.0
"""`write_coco_set`: annotated pictures of any origin as a set in the COCO layout, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import SourceError
from training.convert.draft import drafted
from training.data.pictures import glance_at

Corners = npt.NDArray[np.float64]
LEAST_SIDE_PX = 1.0


@dataclass(frozen=True, slots=True)
class SourceHand:
    """A hand whose box may be turned: `corners_xy` (4, 2) in pixels, the first two at the wrist; `label` as it came."""

    corners_xy: Corners
    label: str | None = None


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """A picture with its hands; `split` is train, val or test, `group` the scene or person, None for the picture."""

    path: Path
    split: str
    hands: Sequence[SourceHand]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written, and what was not: `skipped` pictures with the reason, and boxes that lie outside."""

    pictures: int
    hands: int
    dropped_boxes: int
    skipped: tuple[str, ...]


def write_coco_set(
    pictures: Iterable[SourcePicture], source: Path, folder: Path, *, description: str, licence: str, copy: bool
) -> Conversion:
    """Write `folder` with the pictures below `source`: as they are where they are, or with `copy` as copies within.

    Pictures that cannot be read are skipped. Raises `UsageError` when `folder` holds something, `SourceError` when no
    picture is left and `OutputError` when `folder` cannot be written.
    """
    with drafted(folder) as draft:
        return _write(pictures, source, draft, description=description, licence=licence, copy=copy)


def annotation_of(corners_xy: Corners, width_px: int, height_px: int) -> dict[str, Any] | None:
    """Return the box about corners (4, 2), cut at the picture, as COCO has it; None when nothing is left within."""
    low = np.clip(corners_xy.min(0), 0, [width_px, height_px])
    sides = np.clip(corners_xy.max(0), 0, [width_px, height_px]) - low
    if sides.min() < LEAST_SIDE_PX:
        return None
    box = [round(float(value), 2) for value in (*low, *sides)]
    return {
        "category_id": 1,
        "iscrowd": 0,
        "bbox": box,
        "area": round(box[2] * box[3], 2),
        "corners": [round(float(value), 2) for value in corners_xy.ravel()],
    }


def _write(
    pictures: Iterable[SourcePicture], source: Path, draft: Path, *, description: str, licence: str, copy: bool
) -> Conversion:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    skipped: list[str] = []
    dropped = 0
    for picture in pictures:
        name = picture.path.relative_to(source).as_posix()
        try:
            glance = glance_at(picture.path)
        except SourceError as error:
            skipped.append(str(error))
            continue
        size = {"width": glance.width_px, "height": glance.height_px}
        if copy:
            (draft / "images" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture.path, draft / "images" / name)
        image = len(images)
        images.append({"id": image, "file_name": name, **size, "split": picture.split, "group": picture.group or name})
        for hand in picture.hands:
            own = annotation_of(hand.corners_xy, glance.width_px, glance.height_px)
            if own is None:
                dropped += 1
                continue
            label = {} if hand.label is None else {"label": hand.label}
            annotations.append({"id": len(annotations), "image_id": image, **own, **label})
    if not images:
        reason = f"; the first: {skipped[0]}" if skipped else ""
        raise SourceError(f"{source} holds no picture that can be read{reason}")
    root = "images" if copy else os.path.relpath(source.resolve(), draft.resolve())
    info = {"description": description, "licence": licence, "image_root": root}
    categories = [{"id": 1, "name": "hand"}]
    content = {"info": info, "categories": categories, "images": images, "annotations": annotations}
    (draft / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return Conversion(len(images), len(annotations), dropped, tuple(skipped))
