# SPDX-License-Identifier: Apache-2.0
"""How often a bundle tells rightly that a hand holds something: `python -m benchmarks.holding_accuracy DATA`.

DATA has `hold`, listed pictures of one hand each, and may have `boxes`, photographs in the COCO layout that say of
hands whether they hold something, and `held_objects`, photographs with `holding.json`, which says of each whether a
hand in it holds something. On these last the classifier stands behind the detector.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import edge
from edge.sources.picture import pixels_from_file
from edge.tasks import HandClassifier, HandDetector
from training.data.coco import read_coco
from training.data.labels import holding_labels, labelled_datasets
from training.data.picture_lists import read_picture_lists

HAND_SHARE = 0.5
"""How much of a listed picture's sides its hand takes, as the recipe has it."""

UNTRAINED = "people_coco128"


def on_lists(classifier: HandClassifier, folder: Path) -> dict[str, int]:
    """Count the test pictures of a folder of lists, and those told right."""
    samples = [s for s in read_picture_lists(folder, hand_share=HAND_SHARE, group_pictures=1) if s.split == "test"]
    told = [_holds(classifier(pixels_from_file(sample.path), sample.boxes_xyxy))[0] for sample in samples]
    right = sum(answer is sample.holding[0] for answer, sample in zip(told, samples, strict=True))
    return {"pictures": len(samples), "right": right}


def on_boxes(classifier: HandClassifier, folder: Path) -> dict[str, dict[str, dict[str, int]]]:
    """Count the hands of each labelled set in `folder` that hold and that do not, and those told right.

    They are those of test pictures, and all of the set that nothing is trained on.
    """
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for dataset in labelled_datasets():
        if not (folder / dataset).is_dir():
            continue
        for sample in read_coco(folder / dataset, holding_of_id=holding_labels(dataset)):
            known = np.array([holding is not None for holding in sample.holding], np.bool_)
            if not known.any() or (sample.split != "test" and sample.dataset != UNTRAINED):
                continue
            told = _holds(classifier(pixels_from_file(sample.path), sample.boxes_xyxy[known]))
            of_set = counts.setdefault(sample.dataset, {n: {"hands": 0, "right": 0} for n in ("holding", "empty")})
            for holding, answer in zip([own for own in sample.holding if own is not None], told, strict=True):
                count = of_set["holding" if holding else "empty"]
                count["hands"] += 1
                count["right"] += answer is holding
    return counts


def on_photographs(detector: HandDetector, classifier: HandClassifier, folder: Path) -> dict[str, dict[str, int]]:
    """Count photographs with and without a hand that holds, those where a hand was found, and one that holds."""
    wanted: dict[str, bool] = json.loads((folder / "holding.json").read_text("utf-8"))
    counts = {name: {"pictures": 0, "hand found": 0, "told holding": 0} for name in ("holding", "other")}
    for file, holding in wanted.items():
        pixels = pixels_from_file(folder / "images" / file)
        hands = detector(pixels)
        count = counts["holding" if holding else "other"]
        count["pictures"] += 1
        count["hand found"] += bool(len(hands))
        count["told holding"] += any(_holds(classifier(pixels, hands))) if len(hands) else False
    return counts


def _holds(hands: edge.Hands) -> list[bool]:
    return [hand.holding is not None and hand.holding.name == "holding" for hand in hands]


def main(
    data: Annotated[Path, typer.Argument(help="Folder with hold and, if there is one, held_objects.")],
    *,
    bundle: Annotated[str, typer.Option(help="Name or folder of a holding classifier.")] = "hand-grasp",
    detector: Annotated[str, typer.Option(help="Name or folder of the detector before it.")] = "hand-detector",
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure a holding classifier on listed pictures and, behind a detector, on photographs."""
    with edge.load(bundle) as classifier, edge.load(detector) as finder:
        if not isinstance(classifier, HandClassifier) or not isinstance(finder, HandDetector):
            raise typer.BadParameter(f"expected a classifier and a detector, got {bundle} and {detector}")
        results: dict[str, Any] = {
            "bundle": classifier.name,
            "version": classifier.contract.version,
            "hold": on_lists(classifier, data / "hold"),
        }
        if boxes := on_boxes(classifier, data / "boxes"):
            results["boxes"] = boxes
        if (data / "held_objects").is_dir():
            results["held_objects"] = on_photographs(finder, classifier, data / "held_objects")
    _print(results)
    if output:
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _print(results: dict[str, Any]) -> None:
    table = Table("pictures", "count", "a hand found", "told right", title=f"{results['bundle']} {results['version']}")
    table.add_row("hold, test", str(results["hold"]["pictures"]), "", str(results["hold"]["right"]))
    for name, of_set in results.get("boxes", {}).items():
        for kind, count in of_set.items():
            table.add_row(f"{name}, {kind}", str(count["hands"]), "", str(count["right"]))
    for name, count in results.get("held_objects", {}).items():
        holding = count["told holding"]
        right = holding if name == "holding" else count["pictures"] - holding
        table.add_row(f"held_objects, {name}", str(count["pictures"]), str(count["hand found"]), str(right))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
