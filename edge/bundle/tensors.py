# SPDX-License-Identifier: Apache-2.0
"""Contracts of a model's tensors: how pictures become the input, and what the outputs must look like."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.keypoints import KEYPOINTS
from edge.preprocess import InputContract
from edge.runners.tensor_spec import TensorSpec
from edge.strict_model import StrictModel

MAX_SIDE_PX = 8192
MAX_BATCH = 1024
MAX_INPUT_BYTES = 2**30
_FLOAT32_BYTES = 4
Side = Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
Margin = Annotated[float, Field(ge=0, le=4)]
PerChannel = Annotated[tuple[float, ...], Field(min_length=1, max_length=3)]
# A dimension is a number, a symbol, a symbol divided (rounded up), or `any` where it depends on the data.
Dimension = (
    Annotated[int, Field(ge=1, le=2**24)]
    | Annotated[str, Field(pattern=r"^(any|(batch|height|width)(/[1-9]\d{0,3})?)$")]
)


class InputTensor(StrictModel):
    """Input (N, C, H, W) float32 and how a picture is fitted into it; the fields are those of `InputContract`.

    N lies in `min_batch`..`max_batch`. H and W are fixed unless `multiple_px` makes them follow the picture.
    """

    name: str = Field(min_length=1)
    min_batch: int = Field(default=1, ge=1, le=MAX_BATCH)
    max_batch: int = Field(ge=1, le=MAX_BATCH)
    fit: Literal["letterbox", "stretch", "crop"]
    width_px: Side
    height_px: Side
    multiple_px: Side | None = None
    crop_margin: Margin = 0.0
    colour: Literal["rgb", "bgr", "gray"]
    mean: PerChannel
    std: PerChannel
    pad: PerChannel
    dtype: Literal["float32"] = "float32"

    @model_validator(mode="after")
    def _parts_agree(self) -> InputTensor:
        if self.min_batch > self.max_batch:
            raise ValueError(f"min_batch {self.min_batch} is above max_batch {self.max_batch}")
        self.contract()
        input_bytes = math.prod(self.spec().max_shape or ()) * _FLOAT32_BYTES
        if input_bytes > MAX_INPUT_BYTES:
            raise ValueError(
                f"the largest input may have {MAX_INPUT_BYTES} bytes, got {input_bytes}; lower max_batch, width_px or"
                " height_px"
            )
        return self

    @cached_property
    def channels(self) -> int:
        """Number of channels."""
        return self.contract().channels

    def contract(self) -> InputContract:
        """Return the part that preprocessing needs."""
        return InputContract(**self.model_dump(exclude={"name", "min_batch", "max_batch"}))

    def spec(self) -> TensorSpec:
        """Return the shape a runner has to hold, with symbols where it may vary."""
        fixed = self.multiple_px is None
        return TensorSpec(
            name=self.name,
            dtype=self.dtype,
            shape=(
                self.max_batch if self.min_batch == self.max_batch else "batch",
                self.channels,
                self.height_px if fixed else "height",
                self.width_px if fixed else "width",
            ),
            max_shape=(self.max_batch, self.channels, self.height_px, self.width_px),
        )


class KeypointInput(StrictModel):
    """Input (N, 21, 2) float32: the keypoints of N hands, as `edge.keypoints.normalised` gives them.

    N lies in `min_batch`..`max_batch`. `upright` turns every hand the same way up, `one_sided` mirrors hands as if all
    were seen from the same side, so that the network sees neither.
    """

    name: str = Field(min_length=1)
    min_batch: int = Field(default=1, ge=1, le=MAX_BATCH)
    max_batch: int = Field(ge=1, le=MAX_BATCH)
    fit: Literal["keypoints"]
    upright: bool = False
    one_sided: bool = False
    dtype: Literal["float32"] = "float32"

    @model_validator(mode="after")
    def _bounds_agree(self) -> KeypointInput:
        if self.min_batch > self.max_batch:
            raise ValueError(f"min_batch {self.min_batch} is above max_batch {self.max_batch}")
        return self

    def spec(self) -> TensorSpec:
        """Return the shape a runner has to hold, with a symbol where it may vary."""
        points = len(KEYPOINTS), 2
        batch = self.max_batch if self.min_batch == self.max_batch else "batch"
        return TensorSpec(name=self.name, dtype=self.dtype, shape=(batch, *points), max_shape=(self.max_batch, *points))


class OutputTensor(StrictModel):
    """An output; `shape` holds numbers, `batch`, `height` or `width` of the input (or `height/8`), or `any`."""

    name: str = Field(min_length=1)
    shape: tuple[Dimension, ...]
    dtype: Literal["float32", "int64"] = "float32"

    def spec(self) -> TensorSpec:
        """Return the shape a runner has to check."""
        return TensorSpec(name=self.name, dtype=self.dtype, shape=self.shape)
