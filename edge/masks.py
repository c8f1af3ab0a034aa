# SPDX-License-Identifier: Apache-2.0
"""Which pixels of a picture are a hand's: `Masks` of N hands, `Mask` of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge import _native
from edge.geometry import Affine

Bitmap: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = "slice | list[int] | NDArray[Any]"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Masks:
    """The masks of N hands, as a model told them; they become pixels when those are asked for.

    Attributes:
        logits: (N, h, w) float32, each on a grid over part of the picture, 0 or more where the hand is.
        picture_from_grid: (N, 2, 3) float64, from the grid, a cell of which covers 1 x 1, to the picture; without
            rotation.

    Raises:
        ValueError: shapes or types differ from these, or values are not finite.
    """

    logits: NDArray[np.float32]
    picture_from_grid: Affine

    def __post_init__(self) -> None:
        count = len(self.logits)
        if self.logits.ndim != 3 or self.logits.dtype != np.float32 or self.picture_from_grid.shape != (count, 2, 3):
            raise ValueError(
                "masks must be (N, h, w) float32 with maps (N, 2, 3), got "
                f"{self.logits.shape} {self.logits.dtype} and {self.picture_from_grid.shape}"
            )
        if not np.isfinite(self.logits).all():
            raise ValueError("logits of masks must be finite")

    def __len__(self) -> int:
        return len(self.logits)

    def __getitem__(self, rows: Rows) -> Masks:
        return Masks(self.logits[rows], self.picture_from_grid[rows])

    def moved(self, scale: float, left_px: float, top_px: float) -> Masks:
        """Return the masks in a picture that shows this one `scale` times as large, from `left_px`, `top_px` on."""
        matrices = self.picture_from_grid * scale
        matrices[:, :, 2] += left_px, top_px
        return Masks(self.logits, matrices)

    def at(self, row: int) -> Mask:
        """The mask of one row."""
        return Mask(self.logits[row], self.picture_from_grid[row])

    def __repr__(self) -> str:
        return f"Masks(n={len(self)}, logits={self.logits.shape})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Region:
    """The part of a picture that a mask may cover; outside there is none of the hand.

    `pixels` is (h, w) bool; the first one lies at `left_px`, `top_px`.
    """

    left_px: int
    top_px: int
    pixels: Bitmap

    def __repr__(self) -> str:
        return f"Region({self.left_px}, {self.top_px}, pixels={self.pixels.shape})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Mask:
    """One row of `Masks`: `logits` (h, w) float32 and `picture_from_grid` (2, 3) float64."""

    logits: NDArray[np.float32]
    picture_from_grid: Affine

    def region(self, width_px: int, height_px: int) -> Region:
        """Return the mask in the part of a picture of this size that it may cover."""
        left_px, top_px, pixels = _native.mask_in_picture(self.logits, self.picture_from_grid, width_px, height_px)
        return Region(left_px, top_px, pixels.view(np.bool_))

    def pixels(self, width_px: int, height_px: int) -> Bitmap:
        """Return the mask (H, W) bool of a whole picture."""
        region = self.region(width_px, height_px)
        whole = np.zeros((height_px, width_px), np.bool_)
        rows, columns = region.pixels.shape
        whole[region.top_px : region.top_px + rows, region.left_px : region.left_px + columns] = region.pixels
        return whole

    def run_lengths(self, width_px: int, height_px: int) -> list[int]:
        """Return the lengths of runs of pixels, column by column, by turns outside and within the mask.

        These are the `counts` of COCO's uncompressed run-length masks (https://cocodataset.org/#format-data).
        """
        region = self.region(width_px, height_px)
        rows, columns = region.pixels.shape
        # Within a column a run begins or ends where a pixel differs from the one above.
        bounded = np.zeros((columns, rows + 2), np.int8)
        bounded[:, 1:-1] = region.pixels.T
        column, row = np.nonzero(np.diff(bounded, axis=1))
        edges = (column + region.left_px) * height_px + row + region.top_px
        # A run that reaches the bottom goes on where the next one begins at the top.
        once = np.ones(len(edges), np.bool_)
        once[:-1] &= edges[:-1] != edges[1:]
        once[1:] &= edges[1:] != edges[:-1]
        runs: list[int] = np.diff(edges[once], prepend=0, append=width_px * height_px).tolist()
        return runs[:-1] if len(runs) > 1 and not runs[-1] else runs

    def __repr__(self) -> str:
        return f"Mask(logits={self.logits.shape})"
