# SPDX-License-Identifier: Apache-2.0
"""`LabelledPicture`: a picture with what is known of its hands, read from disk or rendered."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.errors import SourceError
from edge.sources.picture import pixels_from_file
from export.pictures import Picture
from training.data.sample import HandSample

if TYPE_CHECKING:
    from edge.scene import Scene

# The set of pictures that nobody annotated.
UNLABELLED = "pictures"


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """A BGR picture (H, W, 3) uint8 and what is known of its hands, in its pixels."""

    pixels: Picture
    sample: HandSample


def labelled(samples: Iterable[HandSample]) -> list[LabelledPicture]:
    """Return the samples with their pixels; what cannot be read is left out.

    Raises `SourceError` when nothing can be read.
    """
    found = []
    for sample in samples:
        with contextlib.suppress(SourceError):
            found.append(LabelledPicture(pixels_from_file(sample.path), sample))
    if not found:
        raise SourceError("none of the pictures can be read; give JPEG or PNG files")
    return found


def rendered(count: int, *, first_seed: int = 0) -> list[LabelledPicture]:
    """Return scenes of different seeds with the truth about their hands."""
    from edge.scene import Scene

    return [_from_scene(Scene(width_px=640, height_px=360, seed=first_seed + seed), seed) for seed in range(count)]


def unlabelled(path: Path, width_px: int, height_px: int, **known: Any) -> HandSample:
    """Return a sample of no hands, but for the fields that are `known`."""
    fields: dict[str, Any] = {
        "dataset": UNLABELLED,
        "licence": "not stated",
        "split": "train",
        "group": path.name,
        "boxes_xyxy": np.zeros((0, 4), np.float32),
        "ignored": np.zeros(0, np.bool_),
        "keypoints": np.zeros((0, 21, 2), np.float32),
        "gestures": (),
        "handedness": (),
        "outlines": (),
    }
    return HandSample(path=path, width_px=width_px, height_px=height_px, **(fields | known))


def _from_scene(scene: Scene, seed: int) -> LabelledPicture:
    shot = scene.render(1.7)
    truth = shot.truth
    count = len(truth.boxes_xyxy)
    sample = unlabelled(
        Path(f"scene-{seed}"),
        shot.bgr.shape[1],
        shot.bgr.shape[0],
        dataset="rendered",
        boxes_xyxy=np.asarray(truth.boxes_xyxy, np.float32).reshape(count, 4),
        ignored=np.zeros(count, np.bool_),
        keypoints=np.asarray(truth.keypoints_xy, np.float32).reshape(count, 21, 2),
        gestures=tuple(truth.gestures),
        handedness=tuple(truth.handedness),
        outlines=(None,) * count,
    )
    return LabelledPicture(shot.bgr, sample)
