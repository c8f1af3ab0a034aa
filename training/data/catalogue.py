# SPDX-License-Identifier: Apache-2.0
"""From the sets a recipe names to training, validation and test samples."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edge.errors import SourceError
from training.data.coco import read_coco
from training.data.hagrid import hagrid_splits, read_hagrid
from training.data.labels import holding_labels
from training.data.mask_folders import read_mask_folders
from training.data.picture_lists import read_picture_lists
from training.data.pictures import pictures_below
from training.data.rendered import rendered_set
from training.data.sample import HandSample
from training.data.without_hands import read_without_hands
from training.recipe import DataRecipe, SetRecipe

# Layouts of sets that may be tested on.
ANNOTATED = ("coco", "hagrid", "lists", "masks")


def samples_of(data: DataRecipe, root: Path, *, seed: int) -> list[HandSample]:
    """Read every set of the recipe; `split` becomes "train", "validation" or "test".

    A set's own test and validation pictures stay what they are; elsewhere one group in `validate_every` of the training
    groups is taken out. Training pictures of a group that is tested are left out. Raises `SourceError` when a set
    cannot be read.
    """
    samples = [sample for entry in data.sets for sample in _read_fold(entry, data, root, seed=seed)]
    allowed = [
        sample
        for sample in samples
        if sample.split == "test" or not any(words in sample.licence for words in data.excluded_licences)
    ]
    return resplit(allowed, data.validate_every)


def held_out_samples(data: DataRecipe, root: Path) -> list[HandSample]:
    """Read the test pictures of the recipe's sets; rendered scenes play no part in a test.

    Raises `SourceError` when a set cannot be read or none has test pictures.
    """
    annotated = [entry for entry in data.sets if entry.layout in ANNOTATED]
    samples = [
        sample for entry in annotated for sample in _read_fold(entry, data, root, seed=0) if sample.split == "test"
    ]
    if not samples:
        raise SourceError(f"none of the recipe's sets in {root} has test pictures; mark some with the split 'test'")
    return samples


def read_set(entry: SetRecipe, root: Path, *, seed: int) -> list[HandSample]:
    """Read one set of a recipe, with the splits it has itself. Raises `SourceError` when it cannot be read."""
    folder = root / entry.path
    if not folder.is_dir():
        raise SourceError(f"{folder} does not exist; set the data root to the folder that holds {entry.path!r}")
    samples = _LAYOUTS[entry.layout](folder, entry, seed)
    return [
        replace(
            sample,
            dataset=entry.dataset,
            licence=entry.licence or sample.licence,
            holding=_holding_of(sample, otherwise=entry.holding),
        )
        for sample in samples
    ]


def _holding_of(sample: HandSample, *, otherwise: bool | None) -> tuple[bool | None, ...]:
    told = sample.holding or (None,) * len(sample.boxes_xyxy)
    return tuple(otherwise if holding is None else holding for holding in told)


def _read_fold(entry: SetRecipe, data: DataRecipe, root: Path, *, seed: int) -> list[HandSample]:
    """Read one set of a recipe, dealt into folds where the recipe asks for them."""
    samples = read_set(entry, root, seed=seed)
    if data.folds is None or data.fold is None or entry.layout not in ANNOTATED:
        return samples
    return dealt(samples, data.folds, data.fold)


def _read_coco(folder: Path, entry: SetRecipe, _seed: int) -> list[HandSample]:
    labels = holding_labels(entry.dataset) if entry.labelled else None
    return read_coco(folder, gesture_of_label=entry.gesture_of_label, holding_of_id=labels)


def _read_hagrid(folder: Path, entry: SetRecipe, _seed: int) -> list[HandSample]:
    splits = hagrid_splits(folder)
    return [sample for split in splits for sample in read_hagrid(folder, split, united=entry.united)]


def _read_lists(folder: Path, entry: SetRecipe, _seed: int) -> list[HandSample]:
    return read_picture_lists(folder, hand_share=entry.hand_share, group_pictures=entry.group_pictures)


def _read_masks(folder: Path, _entry: SetRecipe, _seed: int) -> list[HandSample]:
    return read_mask_folders(folder)


def _read_without_hands(folder: Path, _entry: SetRecipe, _seed: int) -> list[HandSample]:
    return read_without_hands(folder)


def _read_rendered(folder: Path, entry: SetRecipe, seed: int) -> list[HandSample]:
    return read_coco(rendered_set(count=entry.count, seed=seed, backdrops=pictures_below(folder)))


_LAYOUTS = {
    "coco": _read_coco,
    "hagrid": _read_hagrid,
    "lists": _read_lists,
    "masks": _read_masks,
    "no-hands": _read_without_hands,
    "rendered": _read_rendered,
}


def dealt(samples: Sequence[HandSample], folds: int, fold: int) -> list[HandSample]:
    """Return the samples of a set without its tests, those of one in `folds` groups as tests; `fold` says which.

    Groups that show the same go to all folds alike.
    """
    samples = [sample for sample in samples if sample.split != "test"]
    shown = {sample.group: repr((sample.holding, sample.gestures)) for sample in samples}
    order = sorted(shown, key=lambda group: (shown[group], zlib.crc32(group.encode())))
    tested = set(order[fold::folds])
    return [replace(sample, split="test") if sample.group in tested else sample for sample in samples]


def resplit(samples: Sequence[HandSample], validate_every: int) -> list[HandSample]:
    """Return the samples with the split "train", "validation" or "test", as `samples_of` has them."""
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
