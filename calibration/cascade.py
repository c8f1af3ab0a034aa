# SPDX-License-Identifier: Apache-2.0
"""How well a detector and the model behind it do together, and which of the two is to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.pictures import LabelledPicture
from calibration.task_metric import UNKNOWN, judged_head, label_figure, metric_of, pck, side_px_of, truth_of
from edge.geometry import iou_matrix
from edge.results import Hands
from edge.tasks.detector import HandDetector
from edge.tasks.picture import frame_from_picture
from edge.tasks.task import Task
from training.metrics import MATCH_IOU


@dataclass(frozen=True, slots=True)
class CascadeFigure:
    """The metric of the second model on hands that a detector finds: `value` with missed hands as errors.

    `found` of `hands` were found; `value_found` is the metric over those alone. What `value_found` lacks is the second
    model's fault, what `value` lacks beyond it the detector's.
    """

    metric: str
    value: float
    hands: int
    found: int
    value_found: float


def cascade_figure(look: Task, pictures: Sequence[LabelledPicture], found: Sequence[Hands]) -> CascadeFigure | None:
    """Return how well `look` does on `found[i]`, the hands a detector finds in `pictures[i]`.

    None when no picture shows a hand whose label it can be judged by.
    """
    if look.contract.task == "keypoints":
        return _keypoint_cascade(look, pictures, found)
    return _label_cascade(look, pictures, found)


def found_by(detector: Task, pictures: Sequence[LabelledPicture], *, min_score: float) -> list[Hands]:
    """Return the hands that a detector finds in each picture and scores `min_score` or more."""
    found = []
    for picture in pictures:
        assert isinstance(detector, HandDetector)  # noqa: S101 - the callers open one
        hands = detector(picture.pixels)
        found.append(hands[hands.scores >= min_score])
    return found


def _label_cascade(look: Task, pictures: Sequence[LabelledPicture], found: Sequence[Hands]) -> CascadeFigure | None:
    head = judged_head(look.contract)
    truth: list[str] = []
    guesses: list[str | None] = []
    for picture, hands in zip(pictures, found, strict=True):
        wanted = truth_of(picture.sample, head)
        if all(name is UNKNOWN for name in wanted):
            continue
        answers = [hand.names[head.role] for hand in _looked_at(look, picture, hands)]
        for name, row in zip(wanted, _matches(picture, hands), strict=True):
            if name is not UNKNOWN:
                truth.append(name)
                guesses.append(None if row is None else answers[row])
    if not truth:
        return None
    seen = [(wanted, own) for wanted, own in zip(truth, guesses, strict=True) if own is not None]
    of_found = label_figure(head.role, *zip(*seen, strict=True)) if seen else 0.0
    return CascadeFigure(metric_of(head.role), label_figure(head.role, truth, guesses), len(truth), len(seen), of_found)


def _keypoint_cascade(look: Task, pictures: Sequence[LabelledPicture], found: Sequence[Hands]) -> CascadeFigure | None:
    rows, missed = [], 0
    for picture, hands in zip(pictures, found, strict=True):
        sample = picture.sample
        places, boxes = sample.keypoints[~sample.ignored], sample.boxes_xyxy[~sample.ignored]
        if not np.isfinite(places).any():
            continue
        keypoints = _looked_at(look, picture, hands).keypoints
        for wanted, box, row in zip(places, boxes, _matches(picture, hands), strict=True):
            if not np.isfinite(wanted).any():
                continue
            if row is None or keypoints is None:
                missed += 1
            else:
                rows.append((keypoints[row], wanted, side_px_of(box)))
    if not rows:
        return None
    # Hands have about as many known keypoints each, so that a missed one weighs as much as a found one.
    of_found = pck(rows)
    return CascadeFigure(
        "pck@0.1", of_found * len(rows) / (len(rows) + missed), len(rows) + missed, len(rows), of_found
    )


def _looked_at(look: Task, picture: LabelledPicture, hands: Hands) -> Hands:
    look.prepare(frame_from_picture(picture.pixels), hands)
    look.infer()
    return look.decode()


def _matches(picture: LabelledPicture, hands: Hands) -> list[int | None]:
    """Return for each annotated hand the row of the found one that overlaps it most, None where none does by half."""
    boxes = picture.sample.boxes_xyxy[~picture.sample.ignored]
    if not len(hands):
        return [None] * len(boxes)
    overlap = np.asarray(iou_matrix(boxes, hands.boxes_xyxy))
    return [int(row.argmax()) if row.max() >= MATCH_IOU else None for row in overlap]
