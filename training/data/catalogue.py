# SPDX-License-Identifier: Apache-2.0
"""From the sets a recipe names to training, validation and test samples."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.errors import SourceError
from edge.geometry import iou_matrix
from training.data.coco import read_coco
from training.data.hagrid import read_hagrid
from training.data.rendered import rendered_set
from training.data.sample import HandSample
from training.data.without_hands import pictures_below, read_without_hands
from training.recipe import DataRecipe, SetRecipe

SAME_HAND_IOU = 0.3
TEACHER_CERTAIN = 0.8
TRAINING_FOLDER = Path(__file__).parents[1]


def samples_of(data: DataRecipe, root: Path, *, seed: int) -> list[HandSample]:
    """Read every set of the recipe; `split` becomes "train", "validation" or "test".

    A set's own test and validation pictures stay what they are; elsewhere one group in `validate_every` of the training
    groups is taken out. Training pictures of a group that is tested are left out. Raises `SourceError` when a set or
    the teacher's file cannot be read.
    """
    samples = [sample for entry in data.sets for sample in _read(entry, root, seed)]
    if data.teacher_labels is not None:
        samples = _with_teacher_labels(samples, TRAINING_FOLDER / data.teacher_labels, root)
    allowed = [
        sample
        for sample in samples
        if sample.split == "test" or not any(words in sample.licence for words in data.excluded_licences)
    ]
    return _resplit(allowed, data.validate_every)


def held_out_samples(data: DataRecipe, root: Path) -> list[HandSample]:
    """Read the test pictures of the recipe's sets; rendered scenes and the teacher play no part in a test.

    Raises `SourceError` when a set cannot be read or none has test pictures.
    """
    annotated = [entry for entry in data.sets if entry.layout in ("coco", "hagrid")]
    samples = [sample for entry in annotated for sample in _read(entry, root, seed=0) if sample.split == "test"]
    if not samples:
        raise SourceError(f"none of the recipe's sets in {root} has test pictures; mark some with the split 'test'")
    return samples


def _read(entry: SetRecipe, root: Path, seed: int) -> list[HandSample]:
    folder = root / entry.path
    if not folder.is_dir():
        raise SourceError(f"{folder} does not exist; set the data root to the folder that holds {entry.path!r}")
    samples = _LAYOUTS[entry.layout](folder, entry, seed)
    return [replace(sample, dataset=entry.dataset, licence=entry.licence or sample.licence) for sample in samples]


def _read_coco(folder: Path, entry: SetRecipe, _seed: int) -> list[HandSample]:
    return read_coco(folder, gesture_of_label=entry.gesture_of_label)


def _read_hagrid(folder: Path, _entry: SetRecipe, _seed: int) -> list[HandSample]:
    return [sample for split in ("train_val", "test") for sample in read_hagrid(folder, split)]


def _read_without_hands(folder: Path, _entry: SetRecipe, _seed: int) -> list[HandSample]:
    return read_without_hands(folder)


def _read_rendered(folder: Path, entry: SetRecipe, seed: int) -> list[HandSample]:
    return read_coco(rendered_set(count=entry.count, seed=seed, backdrops=pictures_below(folder)))


_LAYOUTS = {
    "coco": _read_coco,
    "hagrid": _read_hagrid,
    "no-hands": _read_without_hands,
    "rendered": _read_rendered,
}


def _resplit(samples: Sequence[HandSample], validate_every: int) -> list[HandSample]:
    tested = {(sample.dataset, sample.group) for sample in samples if sample.split == "test"}
    validated = {(sample.dataset, sample.group) for sample in samples if sample.split in ("val", "validation")}
    resplit = []
    for sample in samples:
        group = sample.dataset, sample.group
        if sample.split == "test":
            resplit.append(sample)
        elif group not in tested:
            aside = group in validated or _is_kept_aside(group, validate_every)
            resplit.append(replace(sample, split="validation" if aside else "train"))
    return resplit


def _is_kept_aside(group: tuple[str, str], validate_every: int) -> bool:
    # A checksum, not a counter: a group's side does not depend on which other sets are read.
    return zlib.crc32("/".join(group).encode()) % validate_every == 0


def teacher_key(path: Path, root: Path) -> str:
    """Return the name of a picture in a teacher's file: its path relative to the data root."""
    return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()


def _with_teacher_labels(samples: Sequence[HandSample], file: Path, root: Path) -> list[HandSample]:
    """Add the hands that the teacher is sure of and no label covers; where it is unsure, ask for nothing."""
    try:
        labels = json.loads(file.read_text(encoding="utf-8"))["pictures"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{file} is not a file of teacher labels; correct data.teacher_labels or remove it"
        ) from error
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
