# SPDX-License-Identifier: Apache-2.0
"""`SimccKeypoints`: a hand's crop to a distribution over x and one over y for each of its keypoints.

Source: Li et al., "SimCC: a Simple Coordinate Classification Perspective for Human Pose Estimation", 2022.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from edge.keypoints import KEYPOINTS
from training.models.blocks import Backbone, ConvBlock, initialise

STRIDE_PX = 16


class SimccKeypoints(nn.Module):
    """Places 21 keypoints in (N, 3, S, S) crops, S = `side_px`; returns the logits of x and of y, (N, 21, bins) each.

    There are `bins_a_px` bins for each pixel of the crop's side. The backbone has to reach at least stride 32. With
    `presence` the logits (N, 2) of a hand and of anything else follow.
    """

    def __init__(
        self,
        *,
        side_px: int,
        bins_a_px: int = 2,
        widths: tuple[int, ...] = (16, 32, 64, 128, 192),
        depths: tuple[int, ...] = (1, 1, 2, 1),
        neck_width: int = 96,
        hidden: int = 128,
        presence: bool = False,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if side_px % (1 << len(widths)):
            raise ValueError(f"side_px must be a multiple of {1 << len(widths)}, got {side_px}")
        self._finest = (STRIDE_PX // 2).bit_length() - 2
        if len(widths) < 5:
            raise ValueError(f"widths must be those of the stem and of strides 4 to 32 at least, got {len(widths)}")
        self.backbone = Backbone(widths, depths)
        self.lateral = nn.ModuleList(ConvBlock(width, neck_width, 1) for width in widths[1 + self._finest :])
        self.smooth = ConvBlock(neck_width, neck_width)
        cells = (side_px // STRIDE_PX) ** 2
        self.points = nn.Conv2d(neck_width, len(KEYPOINTS), 1)
        self.mix = nn.Sequential(nn.Linear(cells, hidden), nn.ReLU(inplace=True))
        self.axes = nn.ModuleList(nn.Linear(hidden, side_px * bins_a_px) for _ in "xy")
        self.presence = (
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1], 2))
            if presence
            else None
        )
        initialise(self)

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of x, of y and, where the model has it, of presence."""
        features = self.backbone(crops)[self._finest :]
        maps = [lateral(feature) for lateral, feature in zip(self.lateral, features, strict=True)]
        merged = maps[-1]
        for finer in reversed(maps[:-1]):
            merged = finer + interpolate(merged, scale_factor=2.0, mode="nearest")
        seen = self.mix(self.points(self.smooth(merged)).flatten(2))
        places = tuple(axis(seen) for axis in self.axes)
        return places if self.presence is None else (*places, self.presence(features[-1]))
