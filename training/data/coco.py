# SPDX-License-Identifier: Apache-2.0
"""Reader of COCO-layout hand sets (https://cocodataset.org/#format-data)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import SourceError
from edge.strict_model import first_problem
from training.data.sample import FloatArray, HandSample

NOT_STATED = "not stated"


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _Info(_Lenient):
    description: str = ""
    licence: str = NOT_STATED
    image_root: str = "."


class _Image(_Lenient):
    id: int
    file_name: str
    width: int
    height: int
    split: Literal["train", "val", "validation", "test"] = "train"
    group: str = ""
    licence: str | None = None


class _Annotation(_Lenient):
    id: int | None = None
    image_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = 0
    keypoints: list[float] | None = None
    gesture: str | None = None
    label: str | None = None
    handedness: str | None = None
    holding: bool | None = None
    # Polygons, or a run-length mask, which has no outline to cut along.
    segmentation: list[list[float]] | dict[str, Any] | None = None


class _CocoFile(_Lenient):
    info: _Info = _Info()
    images: list[_Image]
    annotations: list[_Annotation]


def read_coco(
    folder: Path,
    *,
    gesture_of_label: Mapping[str, str] | None = None,
    holding_of_id: Mapping[int, bool] | None = None,
) -> list[HandSample]:
    """Read `folder/annotations.json`; boxes with `iscrowd` become ignored regions.

    `gesture_of_label` names the gesture for a source label where an annotation states no gesture itself,
    `holding_of_id` says whether the hand of an annotation holds something where it does not say that itself.
    Raises `SourceError` when the file is missing or is not COCO.
    """
    path = folder / "annotations.json"
    try:
        coco = _CocoFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}; a COCO set is a folder with annotations.json in it"
        ) from error
    except ValidationError as error:
        raise SourceError(f"{path} is not a COCO file: {first_problem(error)}") from error
    of_image: dict[int, list[_Annotation]] = defaultdict(list)
    for annotation in coco.annotations:
        if annotation.holding is None and annotation.id is not None and holding_of_id:
            told = annotation.model_copy(update={"holding": holding_of_id.get(annotation.id)})
            of_image[annotation.image_id].append(told)
        else:
            of_image[annotation.image_id].append(annotation)
    names = gesture_of_label or {}
    return [_sample(image, of_image[image.id], coco.info, folder=folder, names=names) for image in coco.images]


def _sample(
    image: _Image, annotations: Sequence[_Annotation], info: _Info, *, folder: Path, names: Mapping[str, str]
) -> HandSample:
    count = len(annotations)
    boxes = np.array([a.bbox for a in annotations], np.float32).reshape(count, 4)
    boxes[:, 2:] += boxes[:, :2]
    return HandSample(
        path=(folder / info.image_root / image.file_name).resolve(),
        dataset=folder.name,
        licence=image.licence or info.licence,
        split=image.split,
        group=image.group or image.file_name,
        width_px=image.width,
        height_px=image.height,
        boxes_xyxy=boxes,
        ignored=np.array([bool(a.iscrowd) for a in annotations], np.bool_),
        keypoints=np.array([_keypoints(a) for a in annotations], np.float32).reshape(count, 21, 2),
        gestures=tuple(a.gesture or names.get(a.label or "") for a in annotations),
        handedness=tuple(a.handedness for a in annotations),
        outlines=tuple(_outline(a) for a in annotations),
        holding=tuple(a.holding for a in annotations),
    )


def _keypoints(annotation: _Annotation) -> FloatArray:
    values = annotation.keypoints
    if values is None or len(values) != 63:
        return np.full((21, 2), np.nan, np.float32)
    points = np.array(values, np.float32).reshape(21, 3)
    points[points[:, 2] == 0] = np.nan
    return np.ascontiguousarray(points[:, :2])


def _outline(annotation: _Annotation) -> FloatArray | None:
    """Return the longest polygon: the others are specks of the same hand."""
    if not annotation.segmentation or isinstance(annotation.segmentation, dict):
        return None
    longest = max(annotation.segmentation, key=len)
    return np.array(longest, np.float32).reshape(-1, 2) if len(longest) >= 6 else None
