# SPDX-License-Identifier: Apache-2.0
"""Decoder of YOLO networks as Ultralytics and the authors of YOLOv5 and YOLOv10 export them to ONNX.

Boxes are in pixels of the input and scores are probabilities already; three layouts are in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, model_validator

from edge import _native
from edge.geometry import Affine
from edge.preprocess import InputContract
from edge.strict_model import StrictModel

FloatArray = NDArray[np.float32]
Layout = Literal["yolo-v5", "yolo-v8", "yolo-v10"]
BOX_VALUES = 4
# Score and class after the corners.
END_TO_END_VALUES = BOX_VALUES + 2


class Yolo(StrictModel):
    """One `output` with P candidates of C classes, of which `hand_classes`, by default all, are hands.

    - `yolo-v5` (v5, v6, v7): (N, P, 5 + C): centre, width, height, probability of an object, and of each class.
    - `yolo-v8` (v8, v9, 11, 12): (N, 4 + C, P): centre, width, height, and the probability of each class.
    - `yolo-v10` (v10, 26): (N, P, 6): corners, probability, class; each object once, so `nms_iou` may be 1.
    """

    serves: ClassVar[tuple[str, ...]] = ("detector",)

    type: Layout
    output: str = Field(min_length=1)
    hand_classes: tuple[NonNegativeInt, ...] | None = Field(default=None, min_length=1)
    min_score: float = Field(ge=0, le=1)
    nms_iou: float = Field(gt=0, le=1)
    max_hands: int = Field(ge=1, le=1000)
    max_candidates: int = Field(default=1000, ge=1, le=100_000)

    @model_validator(mode="after")
    def _classes_differ(self) -> Yolo:
        if self.hand_classes is not None and len(set(self.hand_classes)) != len(self.hand_classes):
            raise ValueError(f"hand_classes must differ, got {', '.join(map(str, self.hand_classes))}")
        return self

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return (self.output,)

    def require_fit(self, contract: InputContract | None, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes has this layout."""
        if contract is None or contract.fit == "crop":
            raise ValueError("a detector takes whole pictures, so input.fit must be letterbox or stretch, got 'crop'")
        shape = shapes[self.output]
        values = shape[-2 if self.type == "yolo-v8" else -1] if len(shape) == 3 else None
        classes = _classes_of(self.type, values) if isinstance(values, int) else 0
        if classes < 1:
            given = ", ".join(str(dimension) for dimension in shape)
            raise ValueError(f"output {self.output!r} must be {_EXPECTED[self.type]} for {self.type}, got ({given})")
        most = max(self.hand_classes or (0,))
        if self.type != "yolo-v10" and most >= classes:
            raise ValueError(f"hand_classes must be below {classes}, the number of classes, got {most}")

    def decode(
        self,
        outputs: Mapping[str, NDArray[Any]],
        *,
        source_from_input: Affine,
        source_hw: tuple[int, int],
        picture: int = 0,
        min_score: float | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Return boxes (K, 4) float32 xyxy in pixels of the source, cut at its border, and scores (K,), best first.

        `source_from_input` (2, 3) takes the input tensor to the source of `source_hw` pixels. `picture` is the row of
        the batch; `min_score` replaces the decoder's own threshold. Raises `ValueError` for another shape.
        """
        values = outputs[self.output]
        if values.ndim != 3:
            raise ValueError(f"output {self.output!r} must be {_EXPECTED[self.type]}, got {values.shape}")
        boxes_xyxy, scores = _READERS[self.type](values[picture].astype(np.float32, copy=False), self.hand_classes)
        least = self.min_score if min_score is None else min_score
        sound = np.isfinite(boxes_xyxy).all(1) & (boxes_xyxy[:, 2:] >= boxes_xyxy[:, :2]).all(1)
        rows = np.flatnonzero(sound & (scores >= least))
        rows = rows[np.argsort(-scores[rows], kind="stable")][: self.max_candidates]
        boxes_xyxy, scores = np.ascontiguousarray(boxes_xyxy[rows]), np.ascontiguousarray(scores[rows])
        height_px, width_px = source_hw
        placed_xyxy, kept = _native.place_hands(
            boxes_xyxy, scores, self.nms_iou, self.max_hands, source_from_input, width_px, height_px
        )
        return placed_xyxy, scores[kept]


_EXPECTED: dict[Layout, str] = {
    "yolo-v5": "(batch, candidates, 5 + classes)",
    "yolo-v8": "(batch, 4 + classes, candidates)",
    "yolo-v10": f"(batch, candidates, {END_TO_END_VALUES})",
}


def _classes_of(layout: Layout, values: int) -> int:
    """Return how many classes a candidate of so many values has, 0 or less where it is none; at least 1 of v10."""
    if layout == "yolo-v10":
        return int(values == END_TO_END_VALUES)
    return values - BOX_VALUES - (layout == "yolo-v5")


def _read_v5(rows: FloatArray, classes: tuple[int, ...] | None) -> tuple[FloatArray, FloatArray]:
    return _corners(rows[:, :4]), rows[:, 4] * _best(rows[:, 5:], classes)


def _read_v8(columns: FloatArray, classes: tuple[int, ...] | None) -> tuple[FloatArray, FloatArray]:
    return _corners(columns[:4].T), _best(columns[4:].T, classes)


def _read_v10(rows: FloatArray, classes: tuple[int, ...] | None) -> tuple[FloatArray, FloatArray]:
    if classes is not None:
        rows = rows[np.isin(rows[:, 5], classes)]
    return rows[:, :4], rows[:, 4]


_READERS: dict[Layout, Callable[[FloatArray, tuple[int, ...] | None], tuple[FloatArray, FloatArray]]] = {
    "yolo-v5": _read_v5,
    "yolo-v8": _read_v8,
    "yolo-v10": _read_v10,
}


def _best(probabilities: FloatArray, classes: tuple[int, ...] | None) -> FloatArray:
    """Return the greatest probability (P,) among those (P, C) of the classes that are hands."""
    best: FloatArray = (probabilities if classes is None else probabilities[:, list(classes)]).max(axis=1)
    return best


def _corners(boxes_cxcywh: FloatArray) -> FloatArray:
    """Turn centre, width and height (P, 4) into corners."""
    centre, half = boxes_cxcywh[:, :2], boxes_cxcywh[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)
