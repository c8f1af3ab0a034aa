# SPDX-License-Identifier: Apache-2.0
"""`HandDetector`: a single-class, anchor-free detector on three strides.

Sources: Tian et al., "FCOS", 2019 (distances to the four sides); Lin et al., "Feature Pyramid Networks", 2017.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn.functional import interpolate

from training.models.blocks import Backbone, ConvBlock, initialise

STRIDES_PX = (8, 16, 32)
PRIOR_SCORE = 0.01
INITIAL_DISTANCE = 2.0


class HandDetector(nn.Module):
    """Finds hands in (N, 3, H, W) pictures whose sides are multiples of 32.

    Returns one map a stride, (N, 5, H / stride, W / stride): the score's logit, then the distances from the cell's
    centre to the left, top, right and bottom side in units of the stride (a negative distance means 0).
    """

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = (16, 32, 64, 128, 192),
        depths: tuple[int, ...] = (0, 1, 2, 2),
        neck_width: int = 40,
    ) -> None:
        super().__init__()
        if len(widths) != 5:
            raise ValueError(f"widths must be those of the stem and of strides 4 to 32, 5 values, got {len(widths)}")
        self.backbone = Backbone(widths, depths)
        scales = len(STRIDES_PX)
        self.lateral = nn.ModuleList(ConvBlock(width, neck_width, 1) for width in widths[-scales:])
        self.smooth = nn.ModuleList(ConvBlock(neck_width, neck_width) for _ in STRIDES_PX)
        heads = [(ConvBlock(neck_width, neck_width), nn.Conv2d(neck_width, 5, 1)) for _ in STRIDES_PX]
        self.heads = nn.ModuleList(nn.Sequential(*head) for head in heads)
        initialise(self)
        for _, final in heads:
            nn.init.normal_(final.weight, std=0.01)
            if final.bias is not None:
                nn.init.constant_(final.bias, INITIAL_DISTANCE)
                nn.init.constant_(final.bias[:1], -math.log((1 - PRIOR_SCORE) / PRIOR_SCORE))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of strides 8, 16 and 32."""
        features = self.backbone(pictures)[-len(STRIDES_PX) :]
        maps = [lateral(feature) for lateral, feature in zip(self.lateral, features, strict=True)]
        for finer in range(len(maps) - 2, -1, -1):
            maps[finer] = maps[finer] + interpolate(maps[finer + 1], scale_factor=2.0, mode="nearest")
        return tuple(head(smooth(feature)) for head, smooth, feature in zip(self.heads, self.smooth, maps, strict=True))
