# SPDX-License-Identifier: Apache-2.0
"""`DetectorScore`: how well a detector does on a set of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.sample import HandSample
from training.metrics import Found, Wanted, average_precision, recall_precision

# Longest side of the hand's box as a share of the longest side of the picture.
EXTENTS = {"small": (0.0, 0.10), "medium": (0.10, 0.25), "large": (0.25, np.inf)}


@dataclass(frozen=True, slots=True)
class DetectorScore:
    """Recall and precision at IoU 0.5 and the detector's own threshold, average precision over all its scores.

    `recall_by_extent` holds (hands, recall) by the name in `EXTENTS`. Ignored hands are counted nowhere.
    """

    pictures: int
    hands: int
    ap50: float
    ap: float
    recall: float
    precision: float
    recall_by_extent: dict[str, tuple[int, float]]

    def to_dict(self) -> dict[str, object]:
        """Return what is stored, rates rounded to a hundredth of a percent."""
        rates = {name: round(getattr(self, name), 4) for name in ("ap50", "ap", "recall", "precision")}
        extents = {name: {"hands": n, "recall": round(rate, 4)} for name, (n, rate) in self.recall_by_extent.items()}
        return {"pictures": self.pictures, "hands": self.hands} | rates | {"recall_by_extent": extents}


def detector_score(samples: Sequence[HandSample], found: Sequence[Found], *, min_score: float) -> DetectorScore:
    """Score `found[i]`, all of the detector's candidates, against `samples[i]`."""
    wanted = [Wanted(sample.boxes_xyxy, sample.ignored) for sample in samples]
    precision = average_precision(found, wanted)
    rates = recall_precision(found, wanted, min_score)
    by_extent = {}
    for name, (low, high) in EXTENTS.items():
        within = recall_precision(found, [_only(sample, low, high) for sample in samples], min_score)
        by_extent[name] = (int(within["hands"]), within["recall"])
    return DetectorScore(
        pictures=len(samples),
        hands=int(rates["hands"]),
        ap50=precision["ap50"],
        ap=precision["ap"],
        recall=rates["recall"],
        precision=rates["precision"],
        recall_by_extent=by_extent,
    )


def _only(sample: HandSample, low: float, high: float) -> Wanted:
    """Return the hands of `sample` with those outside the extent ignored."""
    boxes = sample.boxes_xyxy
    extent = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0) / max(sample.width_px, sample.height_px)
    return Wanted(boxes, sample.ignored | (extent < low) | (extent >= high))
