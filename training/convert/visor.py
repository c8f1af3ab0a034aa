# SPDX-License-Identifier: Apache-2.0
"""EPIC-KITCHENS VISOR to pictures and masks: `img/NAME.jpg` and `masks/NAME.png`, in one folder for each split.

Source: Darkhalil et al., "EPIC-KITCHENS VISOR Benchmark", 2022. A file `P01_01.json`, in a folder that names the split,
lists in `video_annotations` the `image` and its `annotations`, each with `class_id`, polygons in `segments` and, of a
hand, the id of what it touches in `in_contact_object`. Sparse polygons are in pixels of 1920 x 1080, those of
`..._interpolations.json` in pixels of 854 x 480, whatever the size of the pictures.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import OutputError, SourceError
from edge.strict_model import first_problem
from training.convert.coco_set import Conversion
from training.convert.draft import drafted
from training.data.mask_folders import MASKS, PICTURES, SPLITS
from training.data.pictures import picture_size, pictures_below

# The left hand, the right hand, and either in a glove.
HAND_CLASSES = (300, 301, 303, 304)
_SPARSE_PX, _DENSE_PX = (1920, 1080), (854, 480)
_FRACTION_BITS = 4


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _Image(_Part):
    name: str


class _Annotation(_Part):
    id: str
    class_id: int
    segments: list[list[tuple[float, float]]]
    in_contact_object: str | None = None


class _Frame(_Part):
    image: _Image
    annotations: list[_Annotation]


class _File(_Part):
    video_annotations: list[_Frame]


def convert_visor(source: Path, folder: Path, *, objects: bool, copy: bool) -> Conversion:
    """Write the masks of all hands, and with `objects` of what they touch, beside the pictures that they belong to.

    Pictures are linked to, or with `copy` copied; those that are not below `source`, or cannot be read, are skipped. A
    picture that is named again keeps its mask: sparse polygons, which people drew, come before interpolated ones.
    Raises `SourceError` when `source` holds no annotations of this kind or none of their pictures, `UsageError` when
    `folder` holds something and `OutputError` when it cannot be written.
    """
    files = [path for path in source.rglob("*.json") if path.parent.name in SPLITS]
    files.sort(key=lambda path: (_is_dense(path), path))
    if not files:
        raise SourceError(f"{source} is not VISOR; expected annotations such as train/P01_01.json below it")
    pictures = {path.name: path for path in pictures_below(source)}
    written, hands, skipped = set[tuple[str, str]](), 0, list[str]()
    with drafted(folder) as draft:
        for file in files:
            for frame in _frames_in(file):
                path = pictures.get(frame.image.name)
                if path is None:
                    skipped.append(f"{frame.image.name}: {file.name} names it, and it is not below {source}")
                    continue
                place = file.parent.name, path.name
                if place in written:
                    skipped.append(f"{path.name}: {file.name} names it again")
                    continue
                try:
                    size_px = picture_size(path)
                except SourceError as error:
                    skipped.append(str(error))
                    continue
                drawn_px = _DENSE_PX if _is_dense(file) else _SPARSE_PX
                mask = _mask(frame.annotations, size_px, drawn_px, objects=objects)
                _write(draft / file.parent.name, path, mask, copy=copy)
                written.add(place)
                hands += sum(own.class_id in HAND_CLASSES for own in frame.annotations)
        if not written:
            raise SourceError(f"{source} holds no picture that its annotations name; the first: {skipped[0]}")
    return Conversion(len(written), hands, 0, tuple(skipped))


def _is_dense(file: Path) -> bool:
    return file.stem.endswith("_interpolations")


def _frames_in(file: Path) -> Iterator[_Frame]:
    try:
        yield from _File.model_validate_json(file.read_bytes()).video_annotations
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise SourceError(f"{file} is no file of VISOR: {first_problem(error)}") from error


def _mask(
    annotations: Sequence[_Annotation], size_px: tuple[int, int], drawn_px: tuple[int, int], *, objects: bool
) -> npt.NDArray[np.uint8]:
    mask = np.zeros(size_px[::-1], np.uint8)
    hands = [own for own in annotations if own.class_id in HAND_CLASSES]
    touched = {own.in_contact_object for own in hands} if objects else set()
    scale = np.array(size_px, np.float64) / drawn_px * (1 << _FRACTION_BITS)
    for own in annotations:
        if own.class_id in HAND_CLASSES or own.id in touched:
            polygons = [np.round(np.array(one) * scale).astype(np.int32) for one in own.segments if len(one) >= 3]
            # Together, so that a polygon within another one is a hole.
            part = np.zeros_like(mask)
            cv2.fillPoly(part, polygons, 255, shift=_FRACTION_BITS)
            mask |= part
    return mask


def _write(root: Path, picture: Path, mask: npt.NDArray[np.uint8], *, copy: bool) -> None:
    target = root / PICTURES / picture.name
    for folder in (root / PICTURES, root / MASKS):
        folder.mkdir(parents=True, exist_ok=True)
    if copy:
        shutil.copyfile(picture, target)
    else:
        target.symlink_to(picture.resolve())
    if not cv2.imwrite(str(root / MASKS / f"{picture.stem}.png"), mask):
        raise OutputError(f"the mask of {picture.name} cannot be written; free space on the disk of {root.parent}")
