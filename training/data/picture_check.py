# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the pictures of a data set, told from one look at each at reduced scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.errors import SourceError
from training.augment.placement import Picture
from training.data.annotation_check import file_of, side_of
from training.data.findings import Finding
from training.data.pictures import Glance, glance_at
from training.data.sample import HandSample

# A hash of the signs of differences between neighbours of a row; then the pictures themselves decide.
_HASH_HW = (8, 9)
_SAME_LEVELS = 3.0
# Sizes of one file may be told a pixel apart.
_SIZE_PX = 1
_SIDES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class _Look:
    sample: HandSample
    thumbnail: Picture


def picture_findings(samples: Sequence[HandSample], root: Path) -> list[Finding]:
    """Return unreadable pictures, those of another size than annotated, and those in two splits under two groups."""
    findings: list[Finding] = []
    looks: defaultdict[bytes, list[_Look]] = defaultdict(list)
    for sample in samples:
        glance = _glance_or_reason(sample.path)
        if isinstance(glance, str):
            findings.append(_finding("unreadable", sample, root, glance))
            continue
        if max(abs(glance.width_px - sample.width_px), abs(glance.height_px - sample.height_px)) > _SIZE_PX:
            sizes = f"{glance.width_px}x{glance.height_px}, annotated as {sample.width_px}x{sample.height_px}"
            findings.append(_finding("size", sample, root, f"the picture is {sizes}"))
        thumbnail = _thumbnail(glance)
        bits = thumbnail[:, 1:] > thumbnail[:, :-1]
        looks[np.packbits(bits).tobytes()].append(_Look(sample, thumbnail))
    return findings + [finding for alike in looks.values() for finding in _duplicates(alike, root)]


def unreadable_pictures(paths: Iterable[Path], dataset: str, root: Path) -> Iterator[Finding]:
    """Yield what cannot be read of the pictures of a set whose annotations cannot be read either."""
    for path in paths:
        reason = _glance_or_reason(path)
        if isinstance(reason, str):
            yield Finding("unreadable", dataset, file_of(path.resolve(), root), reason)


def _glance_or_reason(path: Path) -> Glance | str:
    try:
        return glance_at(path)
    except SourceError as error:
        return str(error)


def _finding(kind: str, sample: HandSample, root: Path, what: str) -> Finding:
    return Finding(kind, sample.dataset, file_of(sample.path, root), what)


def _thumbnail(glance: Glance) -> Picture:
    grey = cv2.cvtColor(glance.pixels, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, _HASH_HW[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _duplicates(looks: Sequence[_Look], root: Path) -> Iterator[Finding]:
    """Yield a finding for each picture with a like nearer to the test; within one group that is told as a leak."""
    for look in looks:
        like = next((other.sample for other in looks if _spoils(look, other)), None)
        if like is not None:
            told = f"in {side_of(look.sample)}, looks the same as {file_of(like.path, root)} in {side_of(like)}"
            yield _finding("duplicate", look.sample, root, told)


def _spoils(look: _Look, other: _Look) -> bool:
    """Whether training on `look` would tell a model what it is to find in `other`."""
    own, its = look.sample, other.sample
    nearer = _SIDES.index(side_of(own)) < _SIDES.index(side_of(its))
    if not nearer or (own.dataset, own.group) == (its.dataset, its.group):
        return False
    return bool(np.abs(look.thumbnail.astype(int) - other.thumbnail).mean() <= _SAME_LEVELS)
