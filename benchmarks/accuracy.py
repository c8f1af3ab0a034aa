# SPDX-License-Identifier: Apache-2.0
"""Accuracy of hand detectors on COCO-layout sets: `python -m benchmarks.accuracy FOLDER --bundle hand-detector`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.detector import Detector
from benchmarks.detector_score import DetectorScore, detector_score
from edge.errors import SourceError
from training.data.coco import read_coco
from training.data.sample import HandSample

# Sets whose boxes are hand-drawn or close-up on one side, whole persons in any scene on the other.
GROUPS = {"hands": False, "people": True}


def read_sets(folder: Path, split: str) -> dict[str, list[HandSample]]:
    """Return the samples of `split` by the name of their set; raises `SourceError` when there are none."""
    sets = {file.parent.name: read_coco(file.parent) for file in sorted(folder.glob("*/annotations.json"))}
    chosen = {name: [sample for sample in samples if sample.split == split] for name, samples in sets.items()}
    chosen = {name: samples for name, samples in chosen.items() if samples}
    if not chosen:
        raise SourceError(f"{folder} holds no set with pictures in split {split!r}; expected */annotations.json")
    return chosen


def measure(detector: Detector, sets: dict[str, list[HandSample]]) -> dict[str, DetectorScore]:
    """Return the score of `detector` on every set, and on the groups of sets under `group:NAME`."""
    quiet = not Console().is_terminal
    found = {
        name: [
            detector(sample.path)
            for sample in track(samples, f"{detector.name} on {name}", transient=True, disable=quiet)
        ]
        for name, samples in sets.items()
    }
    scores = {name: detector_score(sets[name], found[name], min_score=detector.min_score) for name in sets}
    for group, people in GROUPS.items():
        names = [name for name in sets if name.startswith("people_") == people]
        if names:
            samples = [sample for name in names for sample in sets[name]]
            together = [one for name in names for one in found[name]]
            scores[f"group:{group}"] = detector_score(samples, together, min_score=detector.min_score)
    return scores


def print_table(scores: dict[str, dict[str, DetectorScore]], console: Console) -> None:
    """Print AP50, recall and precision of every detector, a row a set."""
    table = Table("set", "pictures", "hands", *(f"{name}\nAP50 recall precision" for name in scores))
    for name, first in next(iter(scores.values())).items():
        cells = [
            f"{score.ap50:.3f} {score.recall:.3f} {score.precision:.3f}"
            for score in (of_set[name] for of_set in scores.values())
        ]
        table.add_row(name, str(first.pictures), str(first.hands), *cells)
    console.print(table)


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of COCO-layout sets.")],
    *,
    split: Annotated[str, typer.Option(help="Split of the sets.")] = "test",
    bundle: Annotated[list[str] | None, typer.Option(help="Name or folder of a detector bundle of ours.")] = None,
    second_look: Annotated[
        str | None, typer.Option(help="Bundle that looks again at what each bundle finds, and drops what is no hand.")
    ] = None,
    mediapipe_python: Annotated[Path | None, typer.Option(help="Interpreter that has mediapipe.")] = None,
    hagrid_detector: Annotated[Path | None, typer.Option(help="dynamic_gestures' hand_detector.onnx.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure the named detectors on the same pictures."""
    if second_look and not bundle:
        raise typer.BadParameter("a second look needs a detector before it; name one with --bundle")
    sets = read_sets(folder, split)
    with ExitStack() as stack:
        detectors = list(_detectors(stack, bundle or (), second_look, mediapipe_python, hagrid_detector))
        scores = {detector.name: measure(detector, sets) for detector in detectors}
        settings = {detector.name: dict(detector.settings) for detector in detectors}
    print_table(scores, Console())
    if output:
        results = {
            name: {"settings": settings[name], "sets": {key: score.to_dict() for key, score in of_set.items()}}
            for name, of_set in scores.items()
        }
        output.write_text(json.dumps({"split": split, "detectors": results}, indent=2) + "\n", encoding="utf-8")


def _detectors(
    stack: ExitStack,
    bundles: Sequence[str],
    second_look: str | None,
    mediapipe_python: Path | None,
    hagrid_detector: Path | None,
) -> Iterator[Detector]:
    for name in bundles:
        from benchmarks.peers.bundle_cascade import BundleCascade
        from benchmarks.peers.bundle_detector import BundleDetector

        if second_look:
            yield BundleCascade(name, second_look)
        yield BundleDetector(name)
    if mediapipe_python:
        from benchmarks.peers.mediapipe_hands import MediaPipeHands

        yield stack.enter_context(MediaPipeHands(mediapipe_python))
    if hagrid_detector:
        from benchmarks.peers.hagrid_detector import HagridDetector

        yield HagridDetector(hagrid_detector)


if __name__ == "__main__":
    typer.run(main)
