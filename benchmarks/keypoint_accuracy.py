# SPDX-License-Identifier: Apache-2.0
"""Accuracy of keypoint models on COCO-layout sets: `python -m benchmarks.keypoint_accuracy FOLDER --bundle ...`.

Each is measured on the annotated boxes and, behind a detector, as `edge-run` uses both together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.accuracy import GROUPS, read_sets
from benchmarks.keypoint_score import KeypointScore, keypoint_score
from edge.errors import UsageError
from edge.geometry import iou_matrix
from edge.pipeline import Pipeline
from edge.results import Hands
from edge.sources.picture import pixels_from_file
from edge.tasks import HandKeypoints, load
from training.data.keypoint_crops import PlacedHand, placed_hands_of
from training.data.sample import FloatArray, HandSample
from training.metrics import MATCH_IOU

Answer = tuple[PlacedHand, FloatArray | None]


def on_annotated(task: HandKeypoints, samples: Sequence[HandSample]) -> list[Answer]:
    """Return every hand whose keypoints are known with those that the model places in its annotated box."""
    answers: list[Answer] = []
    for sample in track(samples, task.name, transient=True, disable=not Console().is_terminal):
        hands = placed_hands_of([sample])
        if hands:
            boxes = np.stack([hand.box_xyxy for hand in hands])
            keypoints = task(pixels_from_file(sample.path), boxes).keypoints
            answers += zip(hands, keypoints if keypoints is not None else [None] * len(hands), strict=True)
    return answers


def behind_detector(pipeline: Pipeline, samples: Sequence[HandSample]) -> list[Answer]:
    """Return every hand whose keypoints are known with those of the one found that overlaps it by half and most."""
    answers: list[Answer] = []
    results = pipeline.run(pixels_from_file(sample.path) for sample in samples)
    for sample, result in zip(samples, results, strict=True):
        hands = placed_hands_of([sample])
        answers += [(hand, _keypoints_at(hand.box_xyxy, result.hands)) for hand in hands]
    return answers


def _keypoints_at(box_xyxy: FloatArray, found: Hands) -> FloatArray | None:
    if not len(found) or found.keypoints is None:
        return None
    overlap = np.asarray(iou_matrix(box_xyxy[None], found.boxes_xyxy))[0]
    best = int(overlap.argmax())
    return found.keypoints[best] if overlap[best] >= MATCH_IOU else None


def scores_of(answers: Sequence[Answer]) -> dict[str, KeypointScore]:
    """Return the score of every set, and of the groups of sets under `group:NAME`."""
    names = list(dict.fromkeys(hand.dataset for hand, _ in answers))
    members = {name: [name] for name in names}
    members |= {
        f"group:{group}": [n for n in names if n.startswith("people_") == people] for group, people in GROUPS.items()
    }
    return {
        name: keypoint_score(
            [hand.keypoints for hand, _ in own], [hand.side_px for hand, _ in own], [found for _, found in own]
        )
        for name, sets in members.items()
        if (own := [answer for answer in answers if answer[0].dataset in sets])
    }


def print_table(scores: dict[str, dict[str, KeypointScore]], console: Console) -> None:
    """Print PCK@0.05 and PCK@0.1 for each way of finding the hands, a row a set."""
    table = Table("set", "hands", *(f"{boxes}\nfound PCK@0.05 PCK@0.1" for boxes in scores))
    for name, first in next(iter(scores.values())).items():
        cells = [
            f"{score.found} " + " ".join(f"{value:.3f}" for value in score.pck.values())
            for score in (of_set[name] for of_set in scores.values())
        ]
        table.add_row(name, str(first.hands), *cells)
    console.print(table)


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of COCO-layout sets.")],
    *,
    split: Annotated[str, typer.Option(help="Split of the sets.")] = "test",
    bundle: Annotated[str, typer.Option(help="Name or folder of a keypoint bundle of ours.")] = "hand-keypoints",
    detector_bundle: Annotated[str | None, typer.Option(help="Name or folder of the detector before it.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure a keypoint model."""
    samples = [sample for of_set in read_sets(folder, split).values() for sample in of_set]
    with load(bundle, device="cpu") as task:
        if not isinstance(task, HandKeypoints):
            raise UsageError(f"{bundle} is a {task.contract.task}; name a keypoint model's bundle")
        name, version = task.name, task.contract.version
        scores = {"annotated boxes": scores_of(on_annotated(task, samples))}
    settings = {"version": version}
    if detector_bundle:
        with Pipeline([detector_bundle, bundle], device="cpu") as pipeline:
            settings |= {f"{model}_version": own for model, own in pipeline.models.items()}
            scores["cascade"] = scores_of(behind_detector(pipeline, samples))
    print_table(scores, Console())
    if output:
        boxes = {way: {key: score.to_dict() for key, score in of_set.items()} for way, of_set in scores.items()}
        results = {name: {"settings": settings, "boxes": boxes}}
        output.write_text(json.dumps({"split": split, "models": results}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
