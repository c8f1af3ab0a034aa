# SPDX-License-Identifier: Apache-2.0
"""How a frame becomes a network's input: the contract, and the one implementation of it.

Training, calibration, evaluation and the device all come through here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge._native import warp_normalise
from edge.frame import Frame
from edge.geometry import Affine, letterbox, square_crops, stretch

LEVELS = (0.0, 255.0)
STD_LEVELS = (1e-3, 1e3)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputContract:
    """What a network expects of its input (N, C, H, W) float32.

    `fit`: "letterbox" scales the whole picture and pads, "stretch" fills, "crop" takes squares about boxes.
    `multiple_px` (letterbox only): the tensor is the scaled picture rounded up to this multiple, `height_px` and
    `width_px` at most. `crop_margin`: share of the box's longer side added on both ends. `mean`, `std` and `pad` have
    one value a channel, within `LEVELS` and `STD_LEVELS`. Raises `ValueError` when the fields do not go together.
    """

    fit: Literal["letterbox", "stretch", "crop"]
    width_px: int
    height_px: int
    multiple_px: int | None = None
    crop_margin: float = 0.0
    colour: Literal["rgb", "bgr", "gray"] = "rgb"
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pad: tuple[float, ...]
    dtype: Literal["float32"] = "float32"

    @property
    def channels(self) -> int:
        """Number of channels of the tensor."""
        return 1 if self.colour == "gray" else 3

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std), ("pad", self.pad)):
            if len(values) != self.channels:
                raise ValueError(f"{name} needs {self.channels} values for colour {self.colour!r}, got {len(values)}")
            low, high = STD_LEVELS if name == "std" else LEVELS
            if not all(low <= value <= high for value in values):
                raise ValueError(f"{name} must lie within {low:g} and {high:g}, levels of a pixel, got {values}")
        if self.fit == "crop" and self.width_px != self.height_px:
            raise ValueError(
                f"fit 'crop' takes squares, so width_px and height_px must be equal, got {self.width_px} and"
                f" {self.height_px}"
            )
        if self.multiple_px is not None and self.fit != "letterbox":
            raise ValueError(f"multiple_px goes with fit 'letterbox', got {self.fit!r}")
        if self.multiple_px is not None and (self.width_px % self.multiple_px or self.height_px % self.multiple_px):
            raise ValueError(f"width_px and height_px must be multiples of {self.multiple_px}")


class Preprocessor:
    """Writes frames, or crops of them, straight into a network's input buffer."""

    def __init__(self, contract: InputContract, *, threads: int = 1) -> None:
        self._contract, self._threads = contract, threads
        self._mean, self._std, self._pad = (
            np.array(values, np.float32) for values in (contract.mean, contract.std, contract.pad)
        )
        self._rgb = contract.colour == "rgb"
        self._last_place: tuple[tuple[int, ...], Affine] | None = None

    def tensor_hw(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Return height and width of the tensor for a picture of this size."""
        contract = self._contract
        if contract.multiple_px is None:
            return contract.height_px, contract.width_px
        scale = min(contract.width_px / width_px, contract.height_px / height_px)
        # A size that is a multiple but for rounding must not grow by a whole multiple.
        needed = (math.ceil(side * scale / contract.multiple_px - 1e-6) for side in (height_px, width_px))
        height, width = (max(1, count) * contract.multiple_px for count in needed)
        return height, width

    def frame_map(self, width_px: int, height_px: int, *, tensor_hw: tuple[int, int]) -> Affine:
        """Return the map from the tensor (H, W) to the picture."""
        place = stretch if self._contract.fit == "stretch" else letterbox
        return place(width_px, height_px, tensor_hw[1], tensor_hw[0])

    def write_frame(self, frame: Frame, out: NDArray[np.float32]) -> Affine:
        """Write the whole frame into `out` (C, H, W) or (1, C, H, W) float32; return the map from tensor to picture.

        The map is read-only, for it is kept for the next frame.

        Raises `ValueError` when the contract asks for crops or `out` has another shape.
        """
        if self._contract.fit == "crop":
            raise ValueError("this input takes crops: call write_crops with boxes")
        batch = out if out.ndim == 4 else out[None]
        matrices = self._place(frame.width_px, frame.height_px, batch.shape[2], batch.shape[3])
        self._warp(frame, matrices, batch)
        return np.asarray(matrices[0])

    def write_crops(self, frame: Frame, boxes_xyxy: NDArray[np.float32], out: NDArray[np.float32]) -> Affine:
        """Write the squares about `boxes_xyxy` (N, 4) into `out` (N, C, S, S) float32; return the maps (N, 2, 3).

        Raises `ValueError` when the numbers of boxes and crops differ.
        """
        if len(boxes_xyxy) != len(out):
            raise ValueError(f"out must have one crop a box, got {len(out)} crops for {len(boxes_xyxy)} boxes")
        matrices = square_crops(boxes_xyxy, self._contract.crop_margin, out.shape[-1])
        if len(boxes_xyxy):
            self._warp(frame, matrices, out)
        return matrices

    def _place(self, *sizes_px: int) -> Affine:
        """Return the map of write_frame (1, 2, 3); a stream has frames of one size, so the last is kept."""
        last = self._last_place
        if last is None or last[0] != sizes_px:
            width_px, height_px, *tensor_hw = sizes_px
            matrices = self.frame_map(width_px, height_px, tensor_hw=(tensor_hw[0], tensor_hw[1]))[None]
            matrices.setflags(write=False)
            self._last_place = last = (sizes_px, matrices)
        return last[1]

    def _warp(self, frame: Frame, matrices: Affine, out: NDArray[np.float32]) -> None:
        warp_normalise(
            frame.pixels,
            int(frame.pixel_format),
            matrices,
            out,
            self._mean,
            self._std,
            self._pad,
            self._rgb,
            self._threads,
        )
