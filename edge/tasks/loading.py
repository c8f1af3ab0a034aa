# SPDX-License-Identifier: Apache-2.0
"""`load`: a task from the name of a shipped model or the folder of a bundle."""

from __future__ import annotations

import os
from typing import Literal, overload

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract, TaskName
from edge.bundle.zoo import find_bundle
from edge.decoders import BoxDecoder
from edge.errors import UsageError
from edge.runners.opening import open_runner
from edge.runners.runner import Runner
from edge.tasks.classifier import HandClassifier
from edge.tasks.detector import HandDetector
from edge.tasks.keypoints import HandKeypoints
from edge.tasks.picture_segmenter import PictureSegmenter
from edge.tasks.pose import HandPose
from edge.tasks.segmenter import HandSegmenter
from edge.tasks.task import Task

_KINDS: dict[TaskName, str] = {
    "detector": "a detector",
    "classifier": "a classifier",
    "keypoints": "a keypoint model",
    "pose": "a pose model",
    "segmenter": "a segmenter",
}


@overload
def load(
    name_or_path: Literal["hand-detector"], *, device: str = ..., threads: int = ..., min_score: float | None = ...
) -> HandDetector: ...
@overload
def load(name_or_path: Literal["gesture-classifier"], *, device: str = ..., threads: int = ...) -> HandClassifier: ...
@overload
def load(
    name_or_path: Literal["hand-keypoints"], *, device: str = ..., threads: int = ..., min_score: float | None = ...
) -> HandKeypoints: ...
@overload
def load(name_or_path: Literal["hand-segmenter"], *, device: str = ..., threads: int = ...) -> HandSegmenter: ...
@overload
def load(
    name_or_path: str | os.PathLike[str], *, device: str = ..., threads: int = ..., min_score: float | None = ...
) -> Task: ...
def load(
    name_or_path: str | os.PathLike[str],
    *,
    device: str = "auto",
    threads: int = 1,
    min_score: float | None = None,
) -> Task:
    """Open a model by the name it ships under or by the folder of its bundle, ready to be called with a picture.

    `device` is "auto", "cpu" or "gpu"; `threads` is for one inference; `min_score` replaces a detector's threshold, and
    is that of a model which looks closer, see `Task.kept`. Raises `UsageError` for an unknown name or option,
    `BundleError` for a bundle that cannot be used, and `DependencyError` for a device that this version cannot run on.
    """
    bundle = Bundle.open(find_bundle(name_or_path))
    return task_from_bundle(bundle, device=device, threads=threads, min_score=min_score)


def task_from_bundle(bundle: Bundle, *, device: str = "auto", threads: int = 1, min_score: float | None = None) -> Task:
    """Return the task of an open bundle with a runner of its own; options as in `load`."""
    runner = open_runner(bundle, device=device, threads=threads)
    return task_from_runner(bundle.manifest, runner, min_score=min_score)


def task_from_runner(contract: ModelContract, runner: Runner, *, min_score: float | None = None) -> Task:
    """Return the task of a contract around any runner that keeps it; the task closes it."""
    if contract.task == "detector":
        return HandDetector(contract, runner, min_score=min_score)
    if min_score is not None and not trusted_presence(contract):
        raise UsageError(
            f"min_score is for models that find hands or look at them again; {contract.name} is {_KINDS[contract.task]}"
            " that does neither"
        )
    if contract.task == "keypoints":
        return HandKeypoints(contract, runner, min_score=min_score or 0.0)
    if contract.task == "pose":
        return HandPose(contract, runner)
    if contract.task == "segmenter":
        crops = contract.picture_input.fit == "crop"
        return HandSegmenter(contract, runner) if crops else PictureSegmenter(contract, runner)
    return HandClassifier(contract, runner, min_score=min_score or 0.0)


def trusted_presence(contract: ModelContract) -> float:
    """Return how far a model that looks at crops changes the scores of hands, 0 for all others."""
    decoder = contract.decoder
    return 0.0 if isinstance(decoder, BoxDecoder) else decoder.presence_trust
