# SPDX-License-Identifier: Apache-2.0
"""`CropSegmenter`: a hand's crop to how sure each part of it is that it shows that hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from training.models.blocks import Backbone, ConvBlock, initialise

CROP_STRIDE_PX = 2


class CropSegmenter(nn.Module):
    """Tells the pixels of a hand in (N, 3, S, S) crops; returns the logits of its mask, (N, 1, S / 2, S / 2).

    Where the backbone has the sizes of a detector's first stages, it may start from one (see `training.models.growth`).
    Its maps are brought to `neck_width` channels and merged from the coarsest to that of stride 4; `fine` channels of
    that join as many of the stem, which has stride 2.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = (16, 32, 64, 128),
        depths: tuple[int, ...] = (0, 2, 4),
        neck_width: int = 48,
        fine: int = 16,
    ) -> None:
        super().__init__()
        self.backbone = Backbone(widths, depths)
        self.lateral = nn.ModuleList(ConvBlock(width, neck_width, 1) for width in widths[1:])
        self.smooth = nn.ModuleList(ConvBlock(neck_width, neck_width) for _ in widths[2:])
        self.narrow = ConvBlock(neck_width, fine, 1)
        self.edge = ConvBlock(widths[0], fine, 1)
        self.join = ConvBlock(2 * fine, fine)
        self.tell = nn.Conv2d(fine, 1, 1)
        initialise(self)
        nn.init.normal_(self.tell.weight, std=0.01)

    def forward(self, crops: Tensor) -> tuple[Tensor]:
        """Return the logits."""
        stem = self.backbone.stem(crops)
        maps, x = [], stem
        for stage, lateral in zip(self.backbone.stages, self.lateral, strict=True):
            x = stage(x)
            maps.append(lateral(x))
        merged = maps[-1]
        for finer, smooth in zip(reversed(maps[:-1]), reversed(self.smooth), strict=True):
            merged = smooth(finer + interpolate(merged, scale_factor=2.0, mode="nearest"))
        coarse = interpolate(self.narrow(merged), scale_factor=2.0, mode="nearest")
        return (self.tell(self.join(torch.cat([coarse, self.edge(stem)], dim=1))),)
