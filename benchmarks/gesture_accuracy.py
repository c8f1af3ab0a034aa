# SPDX-License-Identifier: Apache-2.0
"""Accuracy of hand classifiers on a HaGRID v1 split: `python -m benchmarks.gesture_accuracy FOLDER --bundle ...`.

Each classifier is measured on the annotated boxes and, behind the detector it comes with, as a cascade.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.classifier import MISSED, Classifier, HandAnswer
from benchmarks.detector import Detector
from benchmarks.gesture_score import GestureScore, gesture_score
from benchmarks.handedness_score import HandednessScore, handedness_score
from edge.geometry import iou_matrix
from edge.sources.picture import pixels_from_file
from training.data.hagrid import read_hagrid
from training.data.sample import FloatArray, HandSample
from training.metrics import MATCH_IOU

Cascade = tuple[Detector | None, Classifier]
Scores = tuple[GestureScore, HandednessScore | None]


def measure(cascade: Cascade, samples: Sequence[HandSample]) -> dict[str, Scores]:
    """Return the scores of a classifier: "annotated boxes" and, given a detector, "cascade"."""
    detector, classifier = cascade
    on_annotated: list[HandAnswer] = []
    behind_detector: list[HandAnswer] = []
    for sample in track(samples, classifier.name, transient=True, disable=not Console().is_terminal):
        bgr = pixels_from_file(sample.path)
        on_annotated += classifier(bgr, sample.boxes_xyxy)
        if detector:
            found = detector(sample.path)
            boxes = found.boxes_xyxy[found.scores >= detector.min_score]
            behind_detector += _answers_behind(classifier(bgr, boxes), boxes, sample.boxes_xyxy)
    scores = {"annotated boxes": _scores(samples, on_annotated)}
    return scores | ({"cascade": _scores(samples, behind_detector)} if detector else {})


def _scores(samples: Sequence[HandSample], answers: Sequence[HandAnswer]) -> Scores:
    gestures = [gesture or "no_gesture" for sample in samples for gesture in sample.gestures]
    sides = [side for sample in samples for side in sample.handedness]
    return (
        gesture_score(gestures, [answer.gesture for answer in answers]),
        handedness_score(sides, [answer.handedness for answer in answers]),
    )


def _answers_behind(answers: Sequence[HandAnswer], boxes_xyxy: FloatArray, hands_xyxy: FloatArray) -> list[HandAnswer]:
    """Return for each hand the answer for the box that overlaps it most, `MISSED` where none does by half."""
    if not len(boxes_xyxy):
        return [MISSED] * len(hands_xyxy)
    overlap = np.asarray(iou_matrix(hands_xyxy, boxes_xyxy))
    return [answers[int(row.argmax())] if row.max() >= MATCH_IOU else MISSED for row in overlap]


def print_table(scores: dict[str, dict[str, Scores]], console: Console) -> None:
    """Print macro F1 and handedness of every classifier, a row for each way of finding the hands."""
    sides = ("handedness", "its macro F1", "larger class")
    table = Table("classifier", "boxes", "hands", "found", "macro F1", "macro F1 of the found", *sides)
    for name, of_boxes in scores.items():
        for boxes, (score, side) in of_boxes.items():
            rates = [score.macro_f1, score.macro_f1_found]
            rates += [side.accuracy, side.macro_f1, side.larger_share] if side else []
            table.add_row(name, boxes, str(score.hands), str(score.found), *(f"{rate:.3f}" for rate in rates))
    console.print(table)


def stored_scores(scores: Scores) -> dict[str, object]:
    """Return what is stored of one way of finding the hands."""
    gesture, side = scores
    return gesture.to_dict() | ({"handedness": side.to_dict()} if side else {})


def main(
    folder: Annotated[Path, typer.Argument(help="Folder in the HaGRID v1 layout.")],
    *,
    split: Annotated[str, typer.Option(help="Split: test or train_val.")] = "test",
    bundle: Annotated[str | None, typer.Option(help="Name or folder of a gesture bundle of ours.")] = None,
    detector_bundle: Annotated[str | None, typer.Option(help="Name or folder of the detector before it.")] = None,
    hagrid_classifier: Annotated[Path | None, typer.Option(help="dynamic_gestures' crops_classifier.onnx.")] = None,
    hagrid_detector: Annotated[Path | None, typer.Option(help="dynamic_gestures' hand_detector.onnx.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure the named classifiers on the same pictures."""
    samples = read_hagrid(folder, split)
    cascades = list(_cascades(bundle, detector_bundle, hagrid_classifier, hagrid_detector))
    scores = {cascade[1].name: measure(cascade, samples) for cascade in cascades}
    print_table(scores, Console())
    if output:
        results = {
            classifier.name: {
                "settings": dict(classifier.settings),
                "detector": {"name": detector.name, **detector.settings} if detector else None,
                "boxes": {boxes: stored_scores(own) for boxes, own in scores[classifier.name].items()},
            }
            for detector, classifier in cascades
        }
        output.write_text(json.dumps({"split": split, "classifiers": results}, indent=2) + "\n", encoding="utf-8")


def _cascades(
    bundle: str | None, detector_bundle: str | None, hagrid_classifier: Path | None, hagrid_detector: Path | None
) -> Iterator[Cascade]:
    if bundle:
        from benchmarks.peers.bundle_cascade import BundleCascade
        from benchmarks.peers.bundle_classifier import BundleClassifier

        yield BundleCascade(detector_bundle, bundle) if detector_bundle else None, BundleClassifier(bundle)
    if hagrid_classifier:
        from benchmarks.peers.hagrid_classifier import HagridClassifier
        from benchmarks.peers.hagrid_detector import HagridDetector

        yield HagridDetector(hagrid_detector) if hagrid_detector else None, HagridClassifier(hagrid_classifier)


if __name__ == "__main__":
    typer.run(main)
