# SPDX-License-Identifier: Apache-2.0
"""`SelfTest`: a picture and what the model has to make of it, carried by the bundle itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from edge.bundle.precision import Precision
from edge.strict_model import StrictModel

BoxXyxy = tuple[float, float, float, float]
# Of each keypoint x and y in pixels of the picture and a score.
Keypoints = Annotated[tuple[tuple[float, float, float], ...], Field(min_length=21, max_length=21)]


class ExpectedTensor(StrictModel):
    """An output as stored in `file` (.npy); it may differ by `absolute` + `relative` * |expected|."""

    output: str = Field(min_length=1)
    file: str
    absolute: float = Field(ge=0)
    relative: float = Field(ge=0)


class ExpectedHand(StrictModel):
    """A hand that decoding must yield, in pixels of the picture."""

    box_xyxy: BoxXyxy
    score: float = Field(ge=0, le=1)
    gesture: str | None = None
    handedness: str | None = None
    holding: str | None = None
    pose: str | None = None
    keypoints: Keypoints | None = None


class Expectation(StrictModel):
    """What one precision has to yield: raw outputs, and the hands decoded from them.

    A hand may differ by `box_px` a side and by `score`; hands within `score` of the threshold may come and go. A
    keypoint of which the model is not sure may lie anywhere, another may differ by `box_px`.
    """

    tensors: tuple[ExpectedTensor, ...] = Field(min_length=1)
    hands: tuple[ExpectedHand, ...]
    box_px: float = Field(gt=0)
    score: float = Field(gt=0, le=1)


class SelfTest(StrictModel):
    """A stored picture (PNG), what models are given that say more about hands, and the expectation of each precision.

    Those are the hands' boxes and, where there are any, the keypoints of each.
    """

    picture: str
    boxes_xyxy: tuple[BoxXyxy, ...] = ()
    keypoints: tuple[Keypoints, ...] | None = None
    expected: dict[Precision, Expectation] = Field(min_length=1)

    @model_validator(mode="after")
    def _boxes_are_boxes(self) -> SelfTest:
        if any(x1 >= x2 or y1 >= y2 for x1, y1, x2, y2 in self.boxes_xyxy):
            raise ValueError("boxes_xyxy need x1 < x2 and y1 < y2")
        if self.keypoints is not None and len(self.keypoints) != len(self.boxes_xyxy):
            raise ValueError(f"keypoints must be given for each of the {len(self.boxes_xyxy)} boxes or for none")
        return self

    def files(self) -> set[str]:
        """Return the names of the files this refers to."""
        return {self.picture} | {tensor.file for one in self.expected.values() for tensor in one.tensors}
