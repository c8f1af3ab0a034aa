# SPDX-License-Identifier: Apache-2.0
"""Reader of sets whose pictures are listed: `<split>/<split>.list` with lines `Folder//file.jpg  label`.

A picture shows one hand about its middle; label 0 says that it is empty, 1 that it holds something. This is the layout
of SuperAI520/HandHoldingObjectClassification.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.errors import SourceError
from training.data.pictures import picture_size
from training.data.sample import HandSample

SPLITS = ("train", "val", "test")
_HOLDING = {"0": False, "1": True}


@dataclass(frozen=True, slots=True)
class _Line:
    path: Path
    holding: bool


def read_picture_lists(folder: Path, *, hand_share: float, group_pictures: int) -> list[HandSample]:
    """Read the lists of every split there is.

    `hand_share` is how much of a picture's sides its hand takes, about the middle. The pictures of a folder, in the
    order of the numbers in their names, are taken in groups of `group_pictures`. Raises `SourceError` when there is no
    list, a line is malformed or a picture cannot be read.
    """
    files = {split: folder / split / f"{split}.list" for split in SPLITS}
    lists = {split: _lines_of(file) for split, file in files.items() if file.is_file()}
    if not lists:
        raise SourceError(f"{folder} has no list of pictures; expected {files['train']} or one of another split")
    return [
        _sample(line, split=split, group=group, hand_share=hand_share)
        for split, lines in lists.items()
        for line, group in zip(lines, _groups_of(lines, folder, group_pictures), strict=True)
    ]


def _lines_of(file: Path) -> list[_Line]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read as text: {error}; check the file") from error
    lines = []
    for number, content in enumerate(text.splitlines(), start=1):
        if not content.strip():
            continue
        match = re.fullmatch(r"\s*(\S.*?)\s+(\S+)\s*", content)
        if match is None or match[2] not in _HOLDING:
            raise SourceError(
                f"{file}, line {number}: expected `Folder//file.jpg  label` with label 0 (empty) or 1 (holding), "
                f"got {content.strip()!r}"
            )
        path = file.parent / match[1]
        if not path.is_file():
            raise SourceError(f"{file}, line {number}: {path} does not exist; correct the line or bring the picture")
        lines.append(_Line(path, _HOLDING[match[2]]))
    return lines


def _groups_of(lines: list[_Line], root: Path, group_pictures: int) -> list[str]:
    folders: defaultdict[Path, set[Path]] = defaultdict(set)
    for line in lines:
        folders[line.path.parent].add(line.path)
    groups = {}
    for paths in folders.values():
        numbered = sorted(
            paths, key=lambda path: [int(part) if part.isdecimal() else part for part in _parts(path.stem)]
        )
        for place, path in enumerate(numbered):
            first = numbered[place - place % group_pictures]
            groups[path] = first.relative_to(root).as_posix()
    return [groups[line.path] for line in lines]


def _parts(name: str) -> list[str]:
    """Return text and numbers of a name in turn, so that what stands at one place of two names compares."""
    return re.split(r"(\d+)", name)


def _sample(line: _Line, *, split: str, group: str, hand_share: float) -> HandSample:
    width_px, height_px = picture_size(line.path)
    middle = np.array([width_px, height_px] * 2, np.float32) / 2
    return HandSample(
        path=line.path.resolve(),
        dataset="lists",
        licence="not stated",
        split=split,
        group=group,
        width_px=width_px,
        height_px=height_px,
        boxes_xyxy=(middle + middle * hand_share * np.array([-1, -1, 1, 1], np.float32))[None].astype(np.float32),
        ignored=np.zeros(1, np.bool_),
        keypoints=np.full((1, 21, 2), np.nan, np.float32),
        gestures=(None,),
        handedness=(None,),
        outlines=(None,),
        holding=(line.holding,),
    )
