# SPDX-License-Identifier: Apache-2.0
"""Keypoints with the name of a pose, row by row: CSV files of two projects, and what `edge-run --jsonl` wrote.

Sources: AdityaNikhil/Hand-Pose-Classification (22 keypoints of OpenPose in pixels, then the class);
kinivi/hand-gesture-recognition-mediapipe (the class, then 21 keypoints of MediaPipe from the wrist on).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.errors import SourceError
from edge.keypoints import KEYPOINTS
from training.data.sample import FloatArray

LEAST_SCORE = 0.4
_VALUES = 2 * len(KEYPOINTS)
# OpenPose's hand has the same 21 keypoints in the same order; a 22nd map is that of the background.
_OPENPOSE_VALUES = _VALUES + 2


@dataclass(frozen=True, slots=True)
class PoseSample:
    """The keypoints (21, 2) float32 of one hand and the name of its pose; `split` is train, validation or test."""

    dataset: str
    licence: str
    keypoints: FloatArray
    pose: str
    split: str


def read_openpose_csv(path: Path, names: Mapping[str, str]) -> list[tuple[FloatArray, str]]:
    """Read rows of 22 keypoints, x and y, then the class, below a header; `names` gives each class its name.

    Rows with a keypoint that was not found are left out. Raises `SourceError` when the file is none of these.
    """
    rows = []
    for number, row in enumerate(_rows(path)):
        if number == 0 and row[-1:] == ["class"]:
            continue
        points = _points(path, number, row[:-1], _OPENPOSE_VALUES)[: len(KEYPOINTS)]
        if not (points == 0).all(axis=1).any():
            rows.append((points, _name(path, row[-1], names)))
    return rows


def read_mediapipe_csv(path: Path, names: Mapping[str, str]) -> list[tuple[FloatArray, str]]:
    """Read rows of the class, then 21 keypoints, x and y; `names` gives each class its name.

    Raises `SourceError` when the file is none of these.
    """
    return [
        (_points(path, number, row[1:], _VALUES), _name(path, row[0], names)) for number, row in enumerate(_rows(path))
    ]


def read_json_lines(path: Path, names: Mapping[str, str]) -> list[tuple[FloatArray, str]]:
    """Read the hands that `edge-run --jsonl` wrote with their keypoints; the file's name, without its end, is the pose.

    `names` may give it another. Hands whose keypoints score less than `LEAST_SCORE` on average are left out. Raises
    `SourceError` when the file is none of these.
    """
    pose = names.get(path.stem, path.stem)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            hands = [hand["keypoints"] for hand in json.loads(line)["hands"] if hand["keypoints"] is not None]
            points = np.array(hands, np.float32).reshape(-1, len(KEYPOINTS), 3)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path}, line {number}, is no result of edge-run: {error}; record it with edge-run --jsonl"
            ) from error
        rows += [(hand[:, :2], pose) for hand in points if hand[:, 2].mean() >= LEAST_SCORE]
    return rows


def _rows(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            yield from (row for row in csv.reader(stream) if row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as CSV: {error}") from error


def _points(path: Path, number: int, values: Sequence[str], count: int) -> FloatArray:
    try:
        points = np.array([float(value) for value in values], np.float32)
    except ValueError as error:
        raise SourceError(f"{path}, row {number + 1}: {error}; expected numbers") from error
    if len(points) != count or not np.isfinite(points).all():
        raise SourceError(f"{path}, row {number + 1}: expected {count} finite coordinates, got {len(points)}")
    return points.reshape(-1, 2)


def _name(path: Path, value: str, names: Mapping[str, str]) -> str:
    if value not in names:
        raise SourceError(f"{path}: class {value!r} has no name; add it to the set's pose_of_label")
    return names[value]
