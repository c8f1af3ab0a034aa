# SPDX-License-Identifier: Apache-2.0
"""What models found in one picture, as COCO has it, and as a line of the file by which a run is gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.results import FrameResult, Hand

# A keypoint that scores less is left unknown: nothing is learned from it.
LEAST_POINT_SCORE = 0.5
_VISIBLE, _UNKNOWN = 2, 0


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A picture `file` and the annotations of its hands, best first; `fault` says why it could not be read, if so."""

    file: str
    width_px: int = 0
    height_px: int = 0
    hands: tuple[Mapping[str, Any], ...] = ()
    fault: str | None = None

    @classmethod
    def from_result(cls, result: FrameResult) -> PictureRecord:
        """Return the record of a result that has a path."""
        hands = tuple(_annotation(hand) for hand in result.hands)
        return cls(result.path or "", result.width_px, result.height_px, hands)

    @classmethod
    def from_line(cls, line: str) -> PictureRecord:
        """Return the record that `to_line` wrote. Raises `ValueError` or `TypeError` when the line is none."""
        fields = json.loads(line)
        return cls(**{**fields, "hands": tuple(fields["hands"])})

    def to_line(self) -> str:
        """Return the record as one line of JSON."""
        fields = {name: getattr(self, name) for name in ("file", "width_px", "height_px", "hands", "fault")}
        return json.dumps(fields, ensure_ascii=False) + "\n"


def _annotation(hand: Hand) -> dict[str, Any]:
    x1, y1, x2, y2 = (round(float(edge), 2) for edge in hand.box_xyxy)
    fields: dict[str, Any] = {
        "category_id": 1,
        "bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)],
        "area": round((x2 - x1) * (y2 - y1), 2),
        "score": round(hand.score, 4),
    }
    if hand.presence is not None:
        fields["presence"] = round(hand.presence, 4)
    labels = {"gesture": hand.gesture, "handedness": hand.handedness, "holding": hand.holding, "pose": hand.pose}
    for name, label in labels.items():
        if label is not None:
            fields |= {name: label.name, f"{name}_score": round(label.score, 4)}
    if hand.keypoints is not None:
        sure = hand.keypoints[:, 2] >= LEAST_POINT_SCORE
        points = np.column_stack([hand.keypoints[:, :2].round(2), np.where(sure, _VISIBLE, _UNKNOWN)])
        fields["keypoints"] = [round(float(value), 2) for value in points.ravel()]
        fields["num_keypoints"] = int(sure.sum())
    return fields
