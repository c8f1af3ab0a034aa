# SPDX-License-Identifier: Apache-2.0
"""From the sets a recipe names to training, validation and test samples."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.errors import SourceError
from edge.geometry import iou_matrix
from training.data.coco import read_coco
from training.data.hagrid import read_hagrid
from training.data.sample import HandSample, picture_without_hands
from training.recipe import DataRecipe, SetRecipe

SAME_HAND_IOU = 0.3
TEACHER_CERTAIN = 0.8


def samples_of(data: DataRecipe, root: Path, *, seed: int) -> list[HandSample]:
    """Read every set of the recipe; `split` becomes "train", "validation" or "test".

    A set's own validation split is kept; elsewhere one group in `validate_every` of the training groups is taken out.
    Raises `SourceError` when a set is missing.
    """
    samples = [sample for entry in data.sets for sample in _read(entry, root, seed)]
    if data.teacher_labels is not None:
        samples = _with_teacher_labels(samples, Path(__file__).parents[1] / data.teacher_labels, root)
    allowed = [
        sample
        for sample in samples
        if sample.split == "test" or not any(words in sample.licence for words in data.excluded_licences)
    ]
    return [_resplit(sample, data.validate_every) for sample in allowed]


def _read(entry: SetRecipe, root: Path, seed: int) -> list[HandSample]:
    folder = root / entry.path
    if not folder.is_dir():
        raise SourceError(f"{folder} does not exist; set the data root to the folder that holds {entry.path!r}")
    samples = _LAYOUTS[entry.layout](folder, entry, seed)
    return [
        replace(sample, dataset=entry.dataset, licence=entry.licence or sample.licence) for sample in samples
    ]


def _read_coco(folder: Path, entry: SetRecipe, _seed: int) -> list[HandSample]:
    return read_coco(folder, gesture_of_label=entry.gesture_of_label)


def _read_hagrid(folder: Path, _entry: SetRecipe, _seed: int) -> list[HandSample]:
    return [sample for split in ("train_val", "test") for sample in read_hagrid(folder, split)]


def _read_without_hands(folder: Path, entry: SetRecipe, _seed: int) -> list[HandSample]:
    licence = entry.licence or "not stated"
    return [picture_without_hands(path, dataset=entry.dataset, licence=licence) for path in _pictures_below(folder)]


def _read_rendered(folder: Path, entry: SetRecipe, seed: int) -> list[HandSample]:
    from training.data.rendered import rendered_set

    return read_coco(rendered_set(count=entry.count, seed=seed, backdrops=_pictures_below(folder)))


_LAYOUTS = {
    "coco": _read_coco,
    "hagrid": _read_hagrid,
    "no-hands": _read_without_hands,
    "rendered": _read_rendered,
}


def _pictures_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def _resplit(sample: HandSample, validate_every: int) -> HandSample:
    if sample.split in ("val", "validation"):
        return replace(sample, split="validation")
    # A checksum, not a counter: a group's side does not depend on which other sets are read.
    chosen = zlib.crc32(f"{sample.dataset}/{sample.group}".encode()) % validate_every == 0
    return replace(sample, split="validation") if sample.split == "train" and chosen else sample


def teacher_key(path: Path, root: Path) -> str:
    """Return the name of a picture in a teacher's file: its path relative to the data root."""
    return path.resolve().relative_to(root.resolve()).as_posix()


def _with_teacher_labels(samples: Sequence[HandSample], file: Path, root: Path) -> list[HandSample]:
    """Add the hands that the teacher is sure of and no label covers; where it is unsure, ask for nothing."""
    labels = json.loads(file.read_text(encoding="utf-8"))["pictures"]
    return [
        sample if sample.dataset == "rendered" else _completed(sample, labels.get(teacher_key(sample.path, root), []))
        for sample in samples
    ]


def _completed(sample: HandSample, found: list[list[float]]) -> HandSample:
    if not found or sample.split == "test":
        return sample
    rows = np.array(found, np.float32)
    boxes, scores = rows[:, :4], rows[:, 4]
    if len(sample.boxes_xyxy):
        new = iou_matrix(boxes, sample.boxes_xyxy).max(axis=1) < SAME_HAND_IOU
        boxes, scores = boxes[new], scores[new]
    return sample.with_boxes(boxes, scores < TEACHER_CERTAIN)
