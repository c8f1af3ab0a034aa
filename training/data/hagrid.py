# SPDX-License-Identifier: Apache-2.0
"""Reader of HaGRID's annotations and pictures, as its archives of both versions unpack.

v1: `ann_<split>/<gesture>.json` beside `<split>/<gesture>/<id>.jpg`, the splits train_val, test and subsample.
v2: `annotations/<split>/<gesture>.json`, the splits train, val and test, beside one `<gesture>/<id>.jpg` for all.
Source: Kapitanov et al., "HaGRID - HAnd Gesture Recognition Image Dataset", WACV 2024.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from edge.errors import SourceError
from edge.strict_model import first_problem
from training.data.pictures import picture_size
from training.data.sample import FloatArray, HandSample

V1_SPLITS = {"train_val": "train", "subsample": "train", "test": "test"}
V2_SPLITS = {"train": "train", "val": "val", "test": "test"}
# Where v2 may lie: as unpacked, as its description draws it, and its small version.
_V2_ANNOTATIONS = ("annotations", "hagrid_annotations")
_V2_PICTURES = ("dataset", "hagrid_dataset", "hagridv2_512", ".")

Box = tuple[float, float, float, float]
Points = list[tuple[float, float]]


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
    bboxes: list[Box]
    labels: list[str]
    leading_hand: str | None = None
    user_id: str
    landmarks: list[Points | None] | None = Field(None, validation_alias=AliasChoices("hand_landmarks", "landmarks"))
    united_bbox: list[Box | None] | None = None
    united_label: list[str | None] | None = None

    @model_validator(mode="after")
    def _one_label_a_box(self) -> _Annotation:
        if len(self.bboxes) != len(self.labels):
            raise ValueError(f"expected one label a box, got {len(self.labels)} labels for {len(self.bboxes)} boxes")
        if len(self.united_bbox or ()) != len(self.united_label or ()):
            raise ValueError("expected one united_label for each united_bbox")
        return self

    def united(self) -> _Annotation:
        """Return the annotation with the two hands of a two-handed gesture as one, and without keypoints where so."""
        places = zip(self.united_bbox or (), self.united_label or (), strict=True)
        pairs = [(box, label) for box, label in places if box is not None and label is not None]
        if not pairs:
            return self
        both = {label for _, label in pairs}
        pairs += [pair for pair in zip(self.bboxes, self.labels, strict=True) if pair[1] not in both]
        boxes, labels = zip(*pairs, strict=True)
        return self.model_copy(update={"bboxes": list(boxes), "labels": list(labels), "landmarks": None})


_FILE = TypeAdapter(dict[str, _Annotation])


def hagrid_splits(folder: Path) -> list[str]:
    """Return the splits that `folder` has annotations of. Raises `SourceError` when it has none."""
    splits = [split for split in (*V1_SPLITS, *V2_SPLITS) if _annotation_folder(folder, split) is not None]
    if not splits:
        raise SourceError(
            f"{folder} holds no HaGRID annotation; expected ann_train_val (v1) or annotations/train (v2) in it"
        )
    return list(dict.fromkeys(splits))


def read_hagrid(folder: Path, split: str, *, licence: str = "not stated", united: bool = False) -> list[HandSample]:
    """Read one split; `group` is the user, `handedness` that of the hand that makes the gesture, which v1 alone tells.

    Landmarks become keypoints where there are as many as boxes. Gestures whose folder of pictures is not there are left
    out. `united` takes both hands of a two-handed gesture for one. Raises `SourceError` when the split is missing, an
    annotation is malformed, a picture cannot be read, or no gesture has pictures.
    """
    annotations = _annotation_folder(folder, split)
    if annotations is None:
        raise SourceError(f"{folder} holds no annotation of the split {split}; expected the layout of HaGRID v1 or v2")
    pictures = _picture_folder(folder, split, is_v1=annotations.name == f"ann_{split}")
    files = [file for file in sorted(annotations.glob("*.json")) if (pictures / file.stem).is_dir()]
    if not files:
        raise SourceError(f"{pictures} has no folder of pictures for any gesture in {annotations}; unpack one there")
    return [
        _sample(
            pictures / file.stem / f"{name}.jpg",
            annotation.united() if united else annotation,
            split=(V1_SPLITS | V2_SPLITS)[split],
            licence=licence,
        )
        for file in files
        for name, annotation in _annotations(file).items()
    ]


def _annotation_folder(folder: Path, split: str) -> Path | None:
    v1 = [folder / f"ann_{split}"] if split in V1_SPLITS else []
    v2 = [folder / name / split for name in _V2_ANNOTATIONS] if split in V2_SPLITS else []
    return next((place for place in (*v1, *v2) if any(place.glob("*.json"))), None)


def _picture_folder(folder: Path, split: str, *, is_v1: bool) -> Path:
    if is_v1:
        return folder / split
    return next(place for name in _V2_PICTURES if (place := folder / name).is_dir())


def _annotations(file: Path) -> dict[str, _Annotation]:
    try:
        return _FILE.validate_json(file.read_bytes())
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}; check its permissions") from error
    except ValidationError as error:
        raise SourceError(f"{file} is not a HaGRID annotation: {first_problem(error)}") from error


def _sample(path: Path, annotation: _Annotation, *, split: str, licence: str) -> HandSample:
    width_px, height_px = picture_size(path)
    whole_px = np.array([width_px, height_px], np.float32)
    gesture, labels = path.parent.name, annotation.labels
    count = len(labels)
    boxes = np.array(annotation.bboxes, np.float32).reshape(count, 4)
    boxes[:, 2:] += boxes[:, :2]
    # Two hands that make the gesture do not say which of them leads.
    leading = annotation.leading_hand if labels.count(gesture) == 1 else None
    return HandSample(
        path=path.resolve(),
        dataset="hagrid",
        licence=licence,
        split=split,
        group=annotation.user_id,
        width_px=width_px,
        height_px=height_px,
        boxes_xyxy=boxes * np.tile(whole_px, 2),
        ignored=np.zeros(count, np.bool_),
        keypoints=_keypoints(annotation, count) * whole_px,
        gestures=tuple(labels),
        handedness=tuple(leading if label == gesture else None for label in labels),
        outlines=(None,) * count,
    )


def _keypoints(annotation: _Annotation, count: int) -> FloatArray:
    """Return (count, 21, 2) shares of the picture's sides, NaN where a hand has none."""
    points = np.full((count, 21, 2), np.nan, np.float32)
    if len(annotation.landmarks or ()) == count:
        for own, given in zip(points, annotation.landmarks or (), strict=True):
            if len(given or ()) == len(own):
                own[:] = given
    return points
