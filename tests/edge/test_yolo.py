# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edge.decoders import Yolo
from tests.edge.bundles import detector_contract

# From an input of 96 x 96 to a picture twice as large.
TWICE = np.array([[2.0, 0, 0], [0, 2.0, 0]])
HAND, OTHER, WEAK = (24.0, 30.0, 16.0, 20.0), (60.0, 60.0, 10.0, 10.0), (70.0, 20.0, 8.0, 8.0)
LAYOUTS = ("yolo-v5", "yolo-v8", "yolo-v10")
# The box HAND as corners in the picture.
PLACED = [32, 40, 64, 80]


def output_of(layout: str, found: list[tuple[tuple[float, ...], float, int]], classes: int = 2) -> np.ndarray[Any, Any]:
    """Return what a network of the layout says of these boxes, scores and classes."""
    if layout == "yolo-v10":
        rows = [[x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, kind] for (x, y, w, h), score, kind in found]
        return np.array([rows], np.float32)
    one_hot = [[score if kind == number else 0.0 for number in range(classes)] for _, score, kind in found]
    boxes = [list(box) for box, _, _ in found]
    if layout == "yolo-v8":
        return np.concatenate([boxes, one_hot], axis=1).T[None].astype(np.float32)
    return np.concatenate([boxes, np.ones((len(found), 1)), one_hot], axis=1)[None].astype(np.float32)


def decoder(layout: str, **changes: Any) -> Yolo:
    fields = {"type": layout, "output": "output0", "min_score": 0.3, "nms_iou": 0.5, "max_hands": 10}
    return Yolo.model_validate(fields | changes)


def decoded(yolo: Yolo, output: np.ndarray[Any, Any], **options: Any) -> tuple[list[list[float]], list[float]]:
    boxes, scores = yolo.decode({"output0": output}, source_from_input=TWICE, source_hw=(192, 192), **options)
    return boxes.round(2).tolist(), scores.astype(np.float64).round(2).tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_says_the_same_of_the_same_hands(layout: str) -> None:
    output = output_of(layout, [(WEAK, 0.2, 0), (HAND, 0.8, 0), (OTHER, 0.9, 1)])
    boxes, scores = decoded(decoder(layout), output)
    assert (boxes, scores) == ([[110, 110, 130, 130], PLACED], [0.9, 0.8])
    assert decoded(decoder(layout, hand_classes=(0,)), output) == ([PLACED], [0.8])
    assert decoded(decoder(layout), output, min_score=0.85)[1] == [0.9]
    assert decoded(decoder(layout, max_candidates=1), output)[1] == [0.9]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_overlapping_boxes_are_one_hand_and_values_that_are_not_finite_none(layout: str) -> None:
    beside = (HAND[0] + 1, *HAND[1:])
    output = output_of(layout, [(HAND, 0.8, 0), (beside, 0.7, 1), ((np.nan, 1.0, 1.0, 1.0), 0.9, 0)])
    assert decoded(decoder(layout), output) == ([PLACED], [0.8])
    assert decoded(decoder(layout), output_of(layout, [(WEAK, 0.2, 0)])) == ([], [])


def test_an_object_that_is_hardly_one_scores_little() -> None:
    output = output_of("yolo-v5", [(HAND, 0.8, 0)])
    output[0, 0, 4] = 0.5
    assert decoded(decoder("yolo-v5", min_score=0.1), output)[1] == [0.4]


@pytest.mark.parametrize(
    ("layout", "shape", "told"),
    [
        ("yolo-v5", (1, 100, 5), r"must be \(batch, candidates, 5 \+ classes\) for yolo-v5, got \(1, 100, 5\)"),
        ("yolo-v8", (1, 4, 100), r"must be \(batch, 4 \+ classes, candidates\)"),
        ("yolo-v10", (1, 100, 7), r"must be \(batch, candidates, 6\)"),
        ("yolo-v8", (1, 100), r"got \(1, 100\)"),
        ("yolo-v8", (1, 5, 100), "hand_classes must be below 1, the number of classes, got 3"),
    ],
)
def test_an_output_of_another_layout_is_refused(layout: str, shape: tuple[int, ...], told: str) -> None:
    fields = decoder(layout, hand_classes=(3,)).model_dump()
    with pytest.raises(ValidationError, match=told):
        detector_contract(outputs=({"name": "output0", "shape": shape},), decoder=fields)


def test_a_class_is_named_once() -> None:
    with pytest.raises(ValidationError, match="hand_classes must differ, got 1, 1"):
        decoder("yolo-v8", hand_classes=(1, 1))
