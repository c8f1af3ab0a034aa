# SPDX-License-Identifier: Apache-2.0
"""`PoseMlp`: normalised keypoints to the logits of poses."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from edge.keypoints import KEYPOINTS
from training.models.blocks import initialise


class PoseMlp(nn.Module):
    """Fully connected layers on keypoints (N, 21, 2); returns one tensor of logits (N, classes)."""

    def __init__(self, *, classes: int, hidden: tuple[int, ...] = (64, 64), dropout: float = 0.2) -> None:
        super().__init__()
        widths = (2 * len(KEYPOINTS), *hidden)
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], classes))
        initialise(self)
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, keypoints: Tensor) -> tuple[Tensor, ...]:
        """Return the logits."""
        return (self.layers(keypoints),)
