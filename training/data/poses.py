# SPDX-License-Identifier: Apache-2.0
"""From the sets of a pose recipe to samples, split by stretches of rows, and random variants of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edge.errors import SourceError
from edge.keypoints import normalised
from training.data.catalogue import resplit
from training.data.coco import NOT_STATED, read_coco
from training.data.draw import Draw
from training.data.keypoint_rows import PoseSample, read_json_lines, read_mediapipe_csv, read_openpose_csv
from training.data.sample import FloatArray
from training.recipe import PoseRecipe, PoseSetRecipe

_READERS = {"openpose-csv": read_openpose_csv, "mediapipe-csv": read_mediapipe_csv, "json-lines": read_json_lines}


def pose_samples_of(recipe: PoseRecipe, root: Path) -> list[PoseSample]:
    """Read every set of the recipe; a sample's split is "train", "validation" or "test".

    Raises `SourceError` when a set cannot be read, shows a pose that is not the recipe's, or when one of the recipe's
    poses is missing from a split.
    """
    samples = [sample for entry in recipe.data.sets for sample in _read(entry, root, recipe.data.test_every)]
    strangers = sorted({f"{sample.pose} in {sample.dataset}" for sample in samples if sample.pose not in recipe.poses})
    if strangers:
        raise SourceError(f"the recipe's poses do not include {', '.join(strangers)}; add it, or take its rows away")
    excluded = recipe.data.excluded_licences
    allowed = [
        sample for sample in samples if sample.split == "test" or not any(words in sample.licence for words in excluded)
    ]
    for split in ("train", "validation", "test"):
        missing = sorted(set(recipe.poses) - {sample.pose for sample in allowed if sample.split == split})
        if missing:
            raise SourceError(
                f"no {split} row shows the poses {', '.join(missing)}; record more of them, or lower group_rows"
            )
    return allowed


def _read(entry: PoseSetRecipe, root: Path, test_every: int) -> Iterator[PoseSample]:
    path = root / entry.path
    if not path.exists():
        raise SourceError(f"{path} does not exist; set the data root to the folder that holds {entry.path!r}")
    if entry.layout == "coco":
        yield from _read_coco(entry, path, test_every)
        return
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise SourceError(f"{path} holds no .jsonl file; record poses there with edge-run --jsonl")
    seen: Counter[str] = Counter()
    for file in files:
        for points, pose in _READERS[entry.layout](file, entry.pose_of_label):
            place = seen[pose] // entry.group_rows % test_every
            split = "test" if place == test_every - 1 else "validation" if place == test_every - 2 else "train"
            seen[pose] += 1
            yield PoseSample(entry.dataset, entry.licence or NOT_STATED, points, pose, split)


def _read_coco(entry: PoseSetRecipe, folder: Path, test_every: int) -> Iterator[PoseSample]:
    for sample in resplit(read_coco(folder), test_every):
        for row in np.flatnonzero(~sample.ignored):
            pose = entry.pose_of_label.get(sample.gestures[row] or "")
            if pose is not None and np.isfinite(sample.keypoints[row]).all():
                licence = entry.licence or sample.licence
                yield PoseSample(entry.dataset, licence, sample.keypoints[row], pose, sample.split)


class PoseRows(Dataset[tuple[Tensor, int]]):
    """Endless random variants: item `i`, keypoints (21, 2) and class number, depends on the seed and `i` alone.

    Every pose is as likely as any other.
    """

    def __init__(self, samples: Sequence[PoseSample], recipe: PoseRecipe) -> None:
        self._samples, self._recipe = samples, recipe
        weights = recipe.data.weights
        often: defaultdict[str, float] = defaultdict(float)
        for sample in samples:
            often[sample.pose] += weights[sample.dataset]
        chances = np.array([weights[sample.dataset] / often[sample.pose] for sample in samples])
        self._draw = Draw(chances / chances.sum())

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        """Return one variant."""
        recipe = self._recipe
        rng = np.random.default_rng([recipe.seed, number])
        sample = self._samples[self._draw(rng)]
        points = varied(rng, sample.keypoints, recipe)
        (row,) = normalised(points[None], upright=recipe.upright, one_sided=recipe.one_sided)
        return torch.from_numpy(row), recipe.poses.index(sample.pose)


def varied(rng: np.random.Generator, keypoints: FloatArray, recipe: PoseRecipe) -> FloatArray:
    """Return keypoints (21, 2) turned a little, stretched, maybe mirrored, and with noise."""
    augment = recipe.augment
    angle, stretch = rng.normal(0, augment.rotation_rad), np.exp(rng.normal(0, augment.stretch))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([stretch * (-1 if rng.random() < augment.mirror else 1), 1 / stretch])
    extent = float(np.ptp(keypoints, axis=0).max())
    return np.asarray(keypoints @ linear.T + rng.normal(0, augment.noise * extent, keypoints.shape), np.float32)


def rows_of(samples: Sequence[PoseSample], recipe: PoseRecipe) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the network's input (N, 21, 2) and class numbers (N,) of samples as they are."""
    points = np.stack([sample.keypoints for sample in samples])
    classes = np.array([recipe.poses.index(sample.pose) for sample in samples])
    return normalised(points, upright=recipe.upright, one_sided=recipe.one_sided), classes
