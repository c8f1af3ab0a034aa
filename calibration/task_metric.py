# SPDX-License-Identifier: Apache-2.0
"""How well a task does its work on labelled pictures: one figure, by the metric its models are judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.pictures import UNLABELLED, LabelledPicture
from edge.bundle.contract import ModelContract
from edge.decoders import LabelDecoder
from edge.decoders.softmax_heads import HOLDING, Head
from edge.errors import UsageError
from edge.results import Hands, Labels
from edge.tasks.self_test import run_on_picture
from edge.tasks.task import Task
from training.data.sample import HandSample
from training.metrics import Found, Wanted, average_precision, confusion, keypoint_figures, macro_f1

# Average precision looks at boxes of all scores.
CURVE_MIN_SCORE = 0.02
# A hand of which nobody knows an answer, and one that no answer was given for.
UNKNOWN = None
LABEL_METRICS = {"gesture": "gesture_macro_f1", "holding": "holding_accuracy"}


@dataclass(frozen=True, slots=True)
class TaskFigure:
    """A `metric`, its `value` in 0..1, and over how many pictures and hands it was measured."""

    metric: str
    value: float
    pictures: int
    hands: int


def task_figure(task: Task, pictures: Sequence[LabelledPicture]) -> TaskFigure:
    """Return how well `task` does on the annotated hands of `pictures`.

    A detector is to be opened with `CURVE_MIN_SCORE`. Raises `UsageError` when no picture has a label it can be judged
    by, and for a task that has no metric here.
    """
    measure = _MEASURES.get(task.contract.task)
    if measure is None:
        raise UsageError(f"there is no metric for a {task.contract.task}; choose a detector, keypoints or classifier")
    return measure(task, pictures)


def has_labels(contract: ModelContract, sample: HandSample) -> bool:
    """Return whether a sample says something that a model of this contract can be judged by."""
    if contract.task == "detector":
        return sample.dataset != UNLABELLED
    if contract.task == "keypoints":
        return bool(np.isfinite(sample.keypoints[~sample.ignored]).any())
    if contract.task == "classifier":
        return any(name is not UNKNOWN for name in truth_of(sample, judged_head(contract)))
    return False


def judged_head(contract: ModelContract) -> Head:
    """Return the head that a classifier is judged by: the first that answers something about a hand.

    Raises `UsageError` when there is none.
    """
    decoder = contract.decoder
    heads = [head for head in decoder.heads if head.role != "presence"] if isinstance(decoder, LabelDecoder) else []
    if not heads:
        raise UsageError(f"{contract.name} has no head to judge it by; choose one that tells gesture or holding")
    return heads[0]


def answered(task: Task, pictures: Sequence[LabelledPicture], *, min_score: float = 0.5) -> list[LabelledPicture]:
    """Return the pictures with what `task` says of them in place of labels."""
    found = []
    for picture in pictures:
        hands = hands_of(task, picture)
        if not task.needs_hands:
            hands = hands[hands.scores >= min_score]
        found.append(LabelledPicture(picture.pixels, _with_answers(picture.sample, hands)))
    return found


def hands_of(task: Task, picture: LabelledPicture) -> Hands:
    """Return what `task` makes of a picture, of its annotated hands where it needs some."""
    sample = picture.sample
    rows = ~sample.ignored
    boxes = [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in sample.boxes_xyxy[rows]]
    points = np.nan_to_num(sample.keypoints[rows])
    keypoints = [tuple((float(x), float(y), 1.0) for x, y in hand) for hand in points]
    return run_on_picture(task, picture.pixels, boxes, keypoints if task.needs_keypoints else None)


def metric_of(role: str) -> str:
    """Return the metric that a head of this role is judged by."""
    return LABEL_METRICS.get(role, f"{role}_macro_f1")


def label_figure(role: str, truth: Sequence[str], guess: Sequence[str | None]) -> float:
    """Return the macro F1 of gestures and other classes, the accuracy of holding; None is no answer."""
    if metric_of(role).endswith("accuracy"):
        return float(np.mean([own == wanted for wanted, own in zip(truth, guess, strict=True)]))
    names = sorted({*truth, *(name for name in guess if name is not None), ""})
    rows, columns = (np.array([names.index(name or "") for name in answers], np.int64) for answers in (truth, guess))
    return macro_f1(confusion(rows, columns, len(names)))


def pck(hands: Sequence[tuple[NDArray[np.float32], NDArray[np.float32], float]]) -> float:
    """Return PCK@0.1 of (placed keypoints (21, 3), true ones (21, 2), the hand's longer side)."""
    found, wanted, sides_px = (np.stack([np.asarray(one[part]) for one in hands]) for part in range(3))
    return keypoint_figures(found, wanted, sides_px.astype(np.float32), reach=0.1)["pck@0.1"]


def truth_of(sample: HandSample, head: Head) -> list[str | None]:
    """Return the label of each hand that is no ignored region, None where it has none that the head knows."""
    names = [name for name, ignored in zip(_truth(sample, head.role), sample.ignored, strict=True) if not ignored]
    return [name if name in head.labels else UNKNOWN for name in names]


def side_px_of(box_xyxy: NDArray[np.float32]) -> float:
    """Return the longer side of a box."""
    return float((box_xyxy[2:] - box_xyxy[:2]).max())


def _detector(task: Task, pictures: Sequence[LabelledPicture]) -> TaskFigure:
    found, wanted = [], []
    for picture in pictures:
        hands = hands_of(task, picture)
        found.append(Found(hands.boxes_xyxy, hands.scores))
        wanted.append(Wanted(picture.sample.boxes_xyxy, picture.sample.ignored))
    hands_there = sum(int((~one.ignored).sum()) for one in wanted)
    _require(hands_there, task)
    return TaskFigure("ap50", average_precision(found, wanted)["ap50"], len(pictures), hands_there)


def _labels(task: Task, pictures: Sequence[LabelledPicture]) -> TaskFigure:
    head = judged_head(task.contract)
    pairs: list[tuple[str, str | None]] = []
    for picture in pictures:
        truth = truth_of(picture.sample, head)
        if any(name is not UNKNOWN for name in truth):
            given = [hand.names[head.role] for hand in hands_of(task, picture)]
            pairs += [(wanted, own) for wanted, own in zip(truth, given, strict=True) if wanted is not UNKNOWN]
    _require(len(pairs), task)
    value = label_figure(head.role, [wanted for wanted, _ in pairs], [own for _, own in pairs])
    return TaskFigure(metric_of(head.role), value, len(pictures), len(pairs))


def _keypoints(task: Task, pictures: Sequence[LabelledPicture]) -> TaskFigure:
    rows = []
    for picture in pictures:
        sample = picture.sample
        places, boxes = sample.keypoints[~sample.ignored], sample.boxes_xyxy[~sample.ignored]
        if not np.isfinite(places).any():
            continue
        keypoints = hands_of(task, picture).keypoints
        assert keypoints is not None  # noqa: S101 - a keypoint model places them
        rows += [
            (own, wanted, side_px_of(box))
            for own, wanted, box in zip(keypoints, places, boxes, strict=True)
            if np.isfinite(wanted).any()
        ]
    _require(len(rows), task)
    return TaskFigure("pck@0.1", pck(rows), len(pictures), len(rows))


_MEASURES: dict[str, Callable[[Task, Sequence[LabelledPicture]], TaskFigure]] = {
    "detector": _detector,
    "classifier": _labels,
    "keypoints": _keypoints,
}


def _require(hands: int, task: Task) -> None:
    if not hands:
        raise UsageError(f"no picture shows a hand whose label {task.name} can be judged by; give annotated sets")


def _truth(sample: HandSample, role: str) -> tuple[str | None, ...]:
    if role == "gesture":
        return sample.gestures
    if role == "handedness":
        return sample.handedness
    if role == "holding" and sample.holding:
        return tuple(None if held is None else HOLDING[0 if held else 1] for held in sample.holding)
    return (UNKNOWN,) * len(sample.boxes_xyxy)


def _with_answers(sample: HandSample, hands: Hands) -> HandSample:
    count = len(hands)
    keypoints = np.full((count, 21, 2), np.nan, np.float32) if hands.keypoints is None else hands.keypoints[..., :2]
    return replace(
        sample,
        dataset="answers",
        boxes_xyxy=hands.boxes_xyxy,
        ignored=np.zeros(count, np.bool_),
        keypoints=np.ascontiguousarray(keypoints),
        gestures=_names(hands.gestures, count),
        handedness=_names(hands.handedness, count),
        outlines=(None,) * count,
        holding=tuple(None if name is None else name == HOLDING[0] for name in _names(hands.holding, count)),
    )


def _names(labels: Labels | None, count: int) -> tuple[str | None, ...]:
    return (
        (None,) * count
        if labels is None
        else tuple(labels.names[index] if index >= 0 else None for index in labels.ids.tolist())
    )
