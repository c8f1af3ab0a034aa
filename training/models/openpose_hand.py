# SPDX-License-Identifier: Apache-2.0
"""`OpenPoseHand`: the hand network of OpenPose, a convolutional pose machine whose stages refine heat maps.

Sources: Simon et al., "Hand Keypoint Detection in Single Images using Multiview Bootstrapping", 2017; layers and names
are those of `models/hand/pose_deploy.prototxt` in CMU-Perceptual-Computing-Lab/openpose.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from edge.keypoints import KEYPOINTS

# The last map is that of the background.
MAPS = len(KEYPOINTS) + 1
POOLED_AFTER = ("conv1_2", "conv2_2", "conv3_4")
FEATURES, FIRST_MAPS = "conv5_3_CPM", "conv6_2_CPM"
STAGE_LAYERS = 7
# The logarithm of less says nothing.
LEAST_HEAT = 1e-4


class OpenPoseHand(nn.Module):
    """Places 21 keypoints in (N, 3, S, S) crops, S = `side_px`; returns the logits of x and of y, (N, 21, S) each.

    The heat maps of the last of `stages` are enlarged to the crop; a bin's logit is the logarithm of the greatest heat
    in its column or row, so that probabilities are in the proportion of heat. `width` is that of the first layer, 64
    as published. `bins_a_px` is 1 and `presence` false: the network tells no more.
    """

    def __init__(
        self, *, side_px: int, width: int = 64, stages: int = 6, bins_a_px: int = 1, presence: bool = False
    ) -> None:
        super().__init__()
        if side_px % 8 or stages < 2 or bins_a_px != 1 or presence:
            raise ValueError("side_px must be a multiple of 8, stages at least 2, bins_a_px 1 and presence false")
        self._side_px, self._stages = side_px, stages
        w = width
        plan = [("conv1_1", w), ("conv1_2", w), ("conv2_1", 2 * w), ("conv2_2", 2 * w)]
        plan += [(f"conv3_{number}", 4 * w) for number in range(1, 5)]
        plan += [(f"conv4_{number}", 8 * w) for number in range(1, 5)]
        plan += [("conv5_1", 8 * w), ("conv5_2", 8 * w), (FEATURES, 2 * w)]
        self._trunk = tuple(name for name, _ in plan)
        pairs = itertools.pairwise([("", 3), *plan])
        layers = {name: nn.Conv2d(before, after, 3, padding=1) for (_, before), (name, after) in pairs}
        layers["conv6_1_CPM"] = nn.Conv2d(2 * w, 8 * w, 1)
        layers[FIRST_MAPS] = nn.Conv2d(8 * w, MAPS, 1)
        for stage in range(2, stages + 1):
            for number in range(1, STAGE_LAYERS + 1):
                before = MAPS + 2 * w if number == 1 else 2 * w
                after = MAPS if number == STAGE_LAYERS else 2 * w
                kernel = 7 if number < STAGE_LAYERS - 1 else 1
                layers[f"Mconv{number}_stage{stage}"] = nn.Conv2d(before, after, kernel, padding=kernel // 2)
        self.layers = nn.ModuleDict(layers)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of x and of y."""
        return logits_of_maps(self._maps(crops), self._side_px)

    def _maps(self, crops: Tensor) -> Tensor:
        """Return the maps (N, 22, S / 8, S / 8) of the last stage."""
        x = crops
        for name in self._trunk:
            x = self.layers[name](x).relu()
            if name in POOLED_AFTER:
                x = max_pool2d(x, 2)
        features = x
        maps: Tensor = self.layers[FIRST_MAPS](self.layers["conv6_1_CPM"](features).relu())
        for stage in range(2, self._stages + 1):
            x = torch.cat([maps, features], dim=1)
            for number in range(1, STAGE_LAYERS):
                x = self.layers[f"Mconv{number}_stage{stage}"](x).relu()
            maps = self.layers[f"Mconv{STAGE_LAYERS}_stage{stage}"](x)
        return maps


def logits_of_maps(maps: Tensor, side_px: int) -> tuple[Tensor, Tensor]:
    """Return the logits of x and of y (N, 21, `side_px`) that heat maps (N, 22, h, w) mean."""
    heat = interpolate(maps, size=(side_px, side_px), mode="bilinear")[:, : len(KEYPOINTS)].clamp_min(LEAST_HEAT)
    return heat.amax(2).log(), heat.amax(3).log()
