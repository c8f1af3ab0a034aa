# SPDX-License-Identifier: Apache-2.0
"""`SimccKeypoints`: a hand's crop to a distribution over x and one over y for each of its keypoints.

Source: Li et al., "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation", 2022; here each
axis is a row of cells that convolutions look along, as hands lie anywhere in their crops, in place of one linear layer.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from edge.keypoints import KEYPOINTS
from training.models.blocks import Backbone, ConvBlock, initialise

STRIDE_PX = 8
# Cells on either side that a cell of an axis asks where within it a keypoint lies.
SEEN_CELLS = 2


class SimccKeypoints(nn.Module):
    """Places 21 keypoints in (N, 3, S, S) crops, S = `side_px`; returns the logits of x and of y, (N, 21, bins) each.

    There are `bins_a_px` bins for each pixel of the crop's side. The backbone has to reach at least stride 32; where it
    has the sizes of a detector's, it may start from one (see `training.models.growth`). Its last maps are brought to
    `neck_width` channels, merged, and made to `votes` maps of `STRIDE_PX`; their means along an axis tell of the other,
    through `hidden` channels. With `presence` the logits (N, 2) of a hand and of anything else follow.
    """

    def __init__(
        self,
        *,
        side_px: int,
        bins_a_px: int = 1,
        widths: tuple[int, ...] = (16, 32, 64, 128, 192),
        depths: tuple[int, ...] = (0, 2, 4, 3),
        neck_width: int = 64,
        votes: int = 96,
        hidden: int = 128,
        presence: bool = False,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if side_px % (1 << len(widths)):
            raise ValueError(f"side_px must be a multiple of {1 << len(widths)}, got {side_px}")
        if len(widths) < 5:
            raise ValueError(f"widths must be those of the stem and of strides 4 to 32 at least, got {len(widths)}")
        self._finest = STRIDE_PX.bit_length() - 3
        self.backbone = Backbone(widths, depths)
        self.lateral = nn.ModuleList(ConvBlock(width, neck_width, 1) for width in widths[1 + self._finest :])
        self.smooth = ConvBlock(neck_width, votes)
        bins_a_cell = STRIDE_PX * bins_a_px
        axes = [_Axis(over, votes, hidden, bins_a_cell) for over in (2, 3)]
        self.axes = nn.ModuleList(axes)
        self.presence = (
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1], 2))
            if presence
            else None
        )
        initialise(self)
        for axis in axes:
            nn.init.normal_(axis.tell.weight, std=0.01)

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of x, of y and, where the model has it, of presence."""
        features = self.backbone(crops)[self._finest :]
        maps = [lateral(feature) for lateral, feature in zip(self.lateral, features, strict=True)]
        merged = maps[-1]
        for finer in reversed(maps[:-1]):
            merged = finer + interpolate(merged, scale_factor=2.0, mode="nearest")
        votes = self.smooth(merged)
        places = tuple(axis(votes) for axis in self.axes)
        return places if self.presence is None else (*places, self.presence(features[-1]))


class _Axis(nn.Module):
    """Maps (N, votes, H, W) to logits (N, 21, bins) along the axis that is left when `over` is averaged."""

    def __init__(self, over: int, votes: int, hidden: int, bins_a_cell: int) -> None:
        super().__init__()
        self._over, self._bins_a_cell = over, bins_a_cell
        kernel, padding = [2 * SEEN_CELLS + 1] * 2, [SEEN_CELLS] * 2
        kernel[over - 2], padding[over - 2] = 1, 0
        self.see = nn.Conv2d(votes, hidden, (kernel[0], kernel[1]), padding=(padding[0], padding[1]))
        self.tell = nn.Conv2d(hidden, len(KEYPOINTS) * bins_a_cell, 1)

    def forward(self, votes: Tensor) -> Tensor:
        """Return the logits, those of a cell's bins one after the other."""
        seen = self.see(votes.mean(self._over, keepdim=True)).relu()
        cells = self.tell(seen).flatten(2).unflatten(1, (len(KEYPOINTS), self._bins_a_cell))
        logits: Tensor = cells.transpose(2, 3).flatten(2)
        return logits
