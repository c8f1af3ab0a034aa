# SPDX-License-Identifier: Apache-2.0
"""What `edge-bench --data` measures: how good the models of a case are on labelled test pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.accuracy import read_sets
from benchmarks.detector_score import detector_score
from benchmarks.peers.bundle_cascade import BundleCascade
from calibration.picture_split import picked
from calibration.pictures import LabelledPicture, labelled
from calibration.task_metric import CURVE_MIN_SCORE, has_labels, task_figure
from edge.bench.report import Accuracy, Case
from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.bundle.zoo import find_bundle
from edge.errors import UsageError
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.tasks.loading import task_from_runner, trusted_presence


def pictures_from_sets(folder: Path, *, most: int) -> list[LabelledPicture]:
    """Return at most `most` test pictures of all sets in `folder`. Raises `SourceError` where there is none."""
    return labelled(picked([sample for of_set in read_sets(folder, "test").values() for sample in of_set], most))


def accuracy_of(case: Case, pictures: Sequence[LabelledPicture], bundles: Sequence[str]) -> list[Accuracy]:
    """Return the figure of each model of a case that the pictures have labels for.

    A pipeline's detector is judged together with the model that looks again at what it found. `bundles` are names or
    folders, among which those of the case are.
    """
    named = {bundle.manifest.name: bundle for bundle in map(Bundle.open, map(find_bundle, bundles))}
    opened = [named.get(name) or Bundle.open(find_bundle(name)) for name in case.models]
    figures = [figure for bundle in opened for figure in _model(bundle, case.precision, pictures)]
    return [*(_cascade(opened, pictures) if case.kind == "pipeline" else ()), *figures]


def _model(bundle: Bundle, precision: Precision, pictures: Sequence[LabelledPicture]) -> Iterator[Accuracy]:
    contract = bundle.manifest
    try:
        shown = [picture for picture in pictures if has_labels(contract, picture.sample)]
        if not shown:
            return
        least = CURVE_MIN_SCORE if contract.task == "detector" else None
        runner = OnnxRuntimeRunner.from_bundle(bundle, precision=precision)
        with task_from_runner(contract, runner, min_score=least) as task:
            figure = task_figure(task, shown)
    except UsageError:
        return  # the pictures have no label for it
    yield Accuracy(
        model=contract.name,
        metric=figure.metric,
        value=figure.value,
        pictures=figure.pictures,
        hands=figure.hands,
    )


def _cascade(opened: Sequence[Bundle], pictures: Sequence[LabelledPicture]) -> Iterator[Accuracy]:
    detector = next(bundle for bundle in opened if bundle.manifest.task == "detector")
    looks = [bundle for bundle in opened if trusted_presence(bundle.manifest)]
    if not looks:
        return
    look = max(looks, key=lambda bundle: trusted_presence(bundle.manifest))
    cascade = BundleCascade(detector.path, look.path)
    samples = [picture.sample for picture in pictures]
    score = detector_score(samples, [cascade(sample.path) for sample in samples], min_score=cascade.min_score)
    yield Accuracy(model=cascade.name, metric="ap50", value=score.ap50, pictures=score.pictures, hands=score.hands)
