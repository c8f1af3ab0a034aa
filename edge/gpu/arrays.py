# SPDX-License-Identifier: Apache-2.0
"""Arrays in device memory as the kernels take them: a pointer and what is there."""

from __future__ import annotations

import enum
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np

from edge.errors import UsageError
from edge.frame import PixelFormat
from edge.geometry import Affine
from edge.gpu import parameters
from edge.preprocess import InputContract


class DeviceType(enum.IntEnum):
    """Type of a network's values; the numbers are those of the kernels."""

    float32 = 0
    float16 = 1

    @property
    def itemsize(self) -> int:
        """Bytes of a value."""
        return 4 if self is DeviceType.float32 else 2


_COLUMN_BYTES = {PixelFormat.BGR: 3, PixelFormat.GRAY: 1, PixelFormat.NV12: 1, PixelFormat.YUYV: 2}


class DevicePicture(NamedTuple):
    """A picture whose rows are packed, `row_stride` bytes apart; 0 stands for rows without a gap.

    The chroma plane of NV12 lies at `chroma`, 0 for right behind the luma plane, with rows as far apart.
    """

    pointer: int
    pixel_format: PixelFormat
    width_px: int
    height_px: int
    row_stride: int = 0
    chroma: int = 0

    @property
    def row_bytes(self) -> int:
        """Bytes of a row's pixels."""
        return self.width_px * _COLUMN_BYTES[self.pixel_format]

    @property
    def picture_bytes(self) -> int:
        """Bytes from this picture's beginning to its end."""
        rows = self.height_px * 3 // 2 if self.pixel_format is PixelFormat.NV12 else self.height_px
        return (self.row_stride or self.row_bytes) * rows

    def view(self) -> parameters.Picture:
        """Return the kernels' view. Raises `UsageError` for sides that the format cannot have, or overlapping rows."""
        yuv = self.pixel_format in {PixelFormat.NV12, PixelFormat.YUYV}
        odd = (yuv and self.width_px % 2) or (self.pixel_format is PixelFormat.NV12 and self.height_px % 2)
        if min(self.width_px, self.height_px) < 1 or odd:
            even = " and even" if odd else ""
            raise UsageError(
                f"sides of a {self.pixel_format.name} picture must be above 0{even}, got {self.width_px} x"
                f" {self.height_px}"
            )
        stride = self.row_stride or self.row_bytes
        if stride < self.row_bytes:
            raise UsageError(f"row_stride must be at least the {self.row_bytes} bytes of a row, got {stride}")
        column = _COLUMN_BYTES[self.pixel_format]
        channel = 1 if column > 1 else 0
        chroma = (self.chroma or self.pointer + stride * self.height_px) if self.pixel_format is PixelFormat.NV12 else 0
        return parameters.Picture(
            self.pointer, chroma, stride, column, channel, self.width_px, self.height_px, self.pixel_format
        )


@dataclass(frozen=True, slots=True)
class DeviceTensor:
    """(count, channels, height, width) values of a network."""

    pointer: int
    count: int
    channels: int
    height_px: int
    width_px: int
    dtype: DeviceType = DeviceType.float32

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return self.count * self.channels * self.height_px * self.width_px * self.dtype.itemsize

    def view(self) -> parameters.TensorView:
        """Return the kernels' view."""
        return parameters.TensorView(*astuple(self))


class DeviceLevel(NamedTuple):
    """One output (pictures, 5, h, w) of an anchor-free detector."""

    pointer: int
    height: int
    width: int
    stride_px: int


def levels_from_contract(contract: InputContract) -> parameters.Levels:
    """Return how an input's values are normalised and padded."""
    levels = parameters.Levels(rgb=contract.colour == "rgb")
    for name in ("mean", "std", "pad"):
        getattr(levels, name)[: contract.channels] = getattr(contract, name)
    return levels


def map_from_affine(matrix: Affine) -> parameters.AffineMap:
    """Return a map (2, 3). Raises `UsageError` when a value is not finite."""
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise UsageError(f"a map must be (2, 3) with finite values, got {matrix.tolist()}")
    return parameters.AffineMap(tuple(matrix.ravel().tolist()))
