# SPDX-License-Identifier: Apache-2.0
"""`PictureSplit`: what a precision is calibrated on, and what it is judged by."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibration.pictures import unlabelled
from edge.errors import SourceError
from training.data.coco import read_coco
from training.data.hagrid import hagrid_splits, read_hagrid
from training.data.pictures import picture_size, pictures_below
from training.data.sample import HandSample

HELD_OUT = "test"
# Where nothing is marked as such, one group in so many is held out.
HELD_OUT_EVERY = 4


@dataclass(frozen=True, slots=True)
class PictureSplit:
    """Samples to calibrate on and samples held out to measure with; no group is in both."""

    calibration: tuple[HandSample, ...]
    held_out: tuple[HandSample, ...]


def split_from_folder(folder: Path) -> PictureSplit:
    """Return the samples of every COCO or HaGRID set in `folder`, or of its pictures where there is no set.

    Raises `SourceError` when there is neither, or too little to hold any out.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give one with annotated sets or pictures")
    samples = [sample for own in _sets(folder) for sample in own] or [_sample(path) for path in pictures_below(folder)]
    if not any(sample.split == HELD_OUT for sample in samples):
        samples = [_dealt(sample) for sample in samples]
    tested = {(sample.dataset, sample.group) for sample in samples if sample.split == HELD_OUT}
    calibration = tuple(sample for sample in samples if (sample.dataset, sample.group) not in tested)
    held_out = tuple(sample for sample in samples if sample.split == HELD_OUT)
    if not calibration or not held_out:
        raise SourceError(
            f"{folder} holds {len(calibration)} pictures to calibrate on and {len(held_out)} to measure with; give"
            " annotated sets of several scenes, or a folder of more pictures"
        )
    return PictureSplit(calibration, held_out)


def picked(samples: Sequence[HandSample], most: int) -> list[HandSample]:
    """Return at most `most` samples, as many of each set as it has and the others leave, evenly from each."""
    sets: dict[str, list[HandSample]] = {}
    for sample in samples:
        sets.setdefault(sample.dataset, []).append(sample)
    chosen: list[HandSample] = []
    for number, own in enumerate(sorted(sets.values(), key=len)):
        share = min(len(own), (most - len(chosen)) // (len(sets) - number))
        chosen += [own[index] for index in np.linspace(0, len(own) - 1, share).round().astype(int)]
    return chosen


def _sets(folder: Path) -> Iterator[list[HandSample]]:
    places = sorted({folder, *(file.parent for file in folder.glob("**/annotations.json"))})
    for place in places:
        if (place / "annotations.json").is_file():
            yield read_coco(place)
    for place in sorted({file.parent.parent for file in folder.glob("**/ann_*/*.json")}):
        yield [sample for split in hagrid_splits(place) for sample in read_hagrid(place, split)]


def _dealt(sample: HandSample) -> HandSample:
    held_out = zlib.crc32(f"{sample.dataset}/{sample.group}".encode()) % HELD_OUT_EVERY == 0
    return replace(sample, split=HELD_OUT) if held_out else sample


def _sample(path: Path) -> HandSample:
    width_px, height_px = picture_size(path)
    return unlabelled(path, width_px, height_px)
