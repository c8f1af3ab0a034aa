# SPDX-License-Identifier: Apache-2.0
"""What is wrong with annotations, told without looking at a picture."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from edge.geometry import iou_matrix
from training.data.findings import Finding
from training.data.hagrid_gestures import HAGRID_V1_GESTURES, HAGRID_V2_GESTURES
from training.data.sample import HandSample

KNOWN_GESTURES = frozenset((*HAGRID_V1_GESTURES, *HAGRID_V2_GESTURES))
# Annotators draw a box a little over the border.
BORDER_PX = 2.0
LEAST_SIDE_PX = 1.0
SAME_IOU = 0.9
# By hand a fingertip sticks out of a box; farther than this share of its longer side, the points are another hand's.
FAR_SHARE = 0.5


def annotation_findings(
    samples: Sequence[HandSample], root: Path, *, gestures: Collection[str] = KNOWN_GESTURES
) -> list[Finding]:
    """Return what is wrong with the annotations of samples as their sets have them, before they are split anew.

    `gestures` are the names that are known.
    """
    found = [finding for sample in samples for finding in _of_sample(sample, root, gestures)]
    return found + list(_leaks(samples, root))


def class_findings(samples: Iterable[HandSample], gestures: Sequence[str], untrained: Collection[str]) -> list[Finding]:
    """Return the gestures that no training hand shows, but for those that a recipe leaves to its teacher."""
    shown = Counter(
        name
        for sample in samples
        if sample.split == "train"
        for name, ignored in zip(sample.gestures, sample.ignored, strict=True)
        if not ignored
    )
    return [
        Finding("empty class", "all sets", name, "no training hand shows this gesture")
        for name in gestures
        if not shown[name] and name not in untrained
    ]


def side_of(sample: HandSample) -> str:
    """Return what a picture is for: "train", "validation" or "test"."""
    return "validation" if sample.split == "val" else sample.split


def file_of(path: Path, root: Path) -> str:
    """Return a file as findings name it: relative to the data root where it lies below."""
    resolved = root.resolve()
    return str(path.relative_to(resolved) if path.is_relative_to(resolved) else path)


def _of_sample(sample: HandSample, root: Path, gestures: Collection[str]) -> Iterator[Finding]:
    def found(kind: str, what: str) -> Finding:
        return Finding(kind, sample.dataset, file_of(sample.path, root), what)

    boxes = sample.boxes_xyxy
    if not len(boxes):
        yield found("no annotation", "no box; if it shows no hand, move it to a set of the layout no-hands")
        return
    sides = boxes[:, 2:] - boxes[:, :2]
    limit = np.array([sample.width_px, sample.height_px] * 2, np.float32)
    beyond = np.maximum(np.maximum(-boxes, boxes - limit).max(1), 0)
    for row in np.flatnonzero(sides.min(1) < LEAST_SIDE_PX):
        width, height = sides[row]
        yield found("empty box", f"box {row} is {width:.1f}x{height:.1f} pixels")
    for row in np.flatnonzero(beyond > BORDER_PX):
        size = f"{sample.width_px}x{sample.height_px}"
        yield found("outside", f"box {row} reaches {beyond[row]:.0f} pixels out of the {size} picture")
    yield from (found("overlap", what) for what in _overlaps(sample))
    yield from (found("keypoints", what) for what in _far_keypoints(sample))
    for number, name in enumerate(sample.gestures):
        if name is not None and name not in gestures:
            near = difflib.get_close_matches(name, gestures, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield found("gesture", f"box {number} shows {name!r}, which is no known gesture{hint}")


def _overlaps(sample: HandSample) -> Iterator[str]:
    hands = np.flatnonzero(~sample.ignored)
    if len(hands) < 2:
        return
    shared = np.triu(iou_matrix(sample.boxes_xyxy[hands], sample.boxes_xyxy[hands]), 1)
    for one, other in np.argwhere(shared > SAME_IOU):
        yield f"boxes {hands[one]} and {hands[other]} are the same place (IoU {shared[one, other]:.2f})"


def _far_keypoints(sample: HandSample) -> Iterator[str]:
    for row in np.flatnonzero(np.isfinite(sample.keypoints).any(axis=(1, 2)) & ~sample.ignored):
        box, points = sample.boxes_xyxy[row], sample.keypoints[row]
        side = max(float((box[2:] - box[:2]).max()), 1.0)
        far = float(np.nanmax(np.maximum(box[:2] - points, points - box[2:])) / side)
        if far > FAR_SHARE:
            yield f"a keypoint of box {row} lies {far:.1f} times its longer side outside of it"


def _leaks(samples: Sequence[HandSample], root: Path) -> Iterator[Finding]:
    sides: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    first: dict[tuple[str, str], HandSample] = {}
    for sample in samples:
        key = sample.dataset, sample.group
        sides[key][side_of(sample)] += 1
        first.setdefault(key, sample)
    for (dataset, group), counts in sides.items():
        if len(counts) > 1:
            told = ", ".join(f"{count} in {side}" for side, count in sorted(counts.items()))
            rest = "; those that are not tested are left out" if counts["test"] else "; all of them validate"
            yield Finding(
                "leak", dataset, file_of(first[dataset, group].path, root), f"group {group!r} has {told}{rest}"
            )
