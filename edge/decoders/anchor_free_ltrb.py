# SPDX-License-Identifier: Apache-2.0
"""Decoder of single-class, anchor-free detectors that predict distances to the four sides of a box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge import _native
from edge.geometry import Affine
from edge.preprocess import InputContract
from edge.strict_model import StrictModel

VALUES_A_CELL = 5


class Level(StrictModel):
    """One output (N, 5, h, w): score logit, then left, top, right, bottom in units of `stride_px`."""

    output: str = Field(min_length=1)
    stride_px: int = Field(ge=1, le=1024)


class AnchorFreeLtrb(StrictModel):
    """Maps of a score logit and four distances per cell, at several strides (FCOS, Tian et al. 2019)."""

    serves: ClassVar[tuple[str, ...]] = ("detector",)

    type: Literal["anchor-free-ltrb"] = "anchor-free-ltrb"
    levels: tuple[Level, ...] = Field(min_length=1)
    min_score: float = Field(ge=0, le=1)
    nms_iou: float = Field(gt=0, le=1)
    max_hands: int = Field(ge=1, le=1000)
    max_candidates: int = Field(default=1000, ge=1, le=100_000)

    @model_validator(mode="after")
    def _outputs_differ(self) -> AnchorFreeLtrb:
        if len(set(self.output_names)) != len(self.levels):
            raise ValueError(f"each level needs an output of its own, got {', '.join(self.output_names)}")
        return self

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return tuple(level.output for level in self.levels)

    def require_fit(self, contract: InputContract | None, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes has these levels."""
        if contract is None or contract.fit == "crop":
            raise ValueError("a detector takes whole pictures, so input.fit must be letterbox or stretch, got 'crop'")
        for level in self.levels:
            _require_multiples(contract, level.stride_px)
            _require_shape(contract, level, shapes[level.output])

    def decode(
        self,
        outputs: Mapping[str, NDArray[Any]],
        *,
        source_from_input: Affine,
        source_hw: tuple[int, int],
        picture: int = 0,
        min_score: float | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return boxes (K, 4) float32 xyxy in pixels of the source, cut at its border, and scores (K,), best first.

        `source_from_input` (2, 3) takes the input tensor to the source of `source_hw` pixels; what lies outside it, in
        the padding, is no hand. `picture` is the row of the batch; `min_score` replaces the decoder's own threshold.
        """
        boxes_xyxy, scores = _native.decode_ltrb(
            [outputs[level.output] for level in self.levels],
            [level.stride_px for level in self.levels],
            picture,
            self.min_score if min_score is None else min_score,
            self.max_candidates,
        )
        height_px, width_px = source_hw
        placed_xyxy, kept = _native.place_hands(
            boxes_xyxy, scores, self.nms_iou, self.max_hands, source_from_input, width_px, height_px
        )
        return placed_xyxy, scores[kept]


def _require_multiples(contract: InputContract, stride_px: int) -> None:
    fixed_px = {"height_px": contract.height_px, "width_px": contract.width_px}
    steps_px = fixed_px if contract.multiple_px is None else {"multiple_px": contract.multiple_px}
    for name, step_px in steps_px.items():
        if step_px % stride_px:
            raise ValueError(
                f"input.{name} must be a multiple of every stride, got {step_px} with stride_px {stride_px}"
            )


def _require_shape(contract: InputContract, level: Level, shape: tuple[int | str, ...]) -> None:
    stride_px = level.stride_px
    symbols = (f"height/{stride_px}", f"width/{stride_px}") if stride_px > 1 else ("height", "width")
    fixed = (contract.height_px // stride_px, contract.width_px // stride_px)
    held = len(shape) == 4 and shape[1] == VALUES_A_CELL
    if not held or (shape[2:] != symbols and (contract.multiple_px is not None or shape[2:] != fixed)):
        expected = ", ".join(("batch", str(VALUES_A_CELL), *symbols))
        given = ", ".join(str(dimension) for dimension in shape)
        raise ValueError(
            f"output {level.output!r} must be ({expected}) for stride_px {stride_px}, got ({given}); correct the stride"
            " or the shape"
        )
