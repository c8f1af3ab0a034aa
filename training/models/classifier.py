# SPDX-License-Identifier: Apache-2.0
"""`CropClassifier`: one backbone on a hand's crop, one linear head a question."""

from __future__ import annotations

from torch import Tensor, nn

from training.models.blocks import Backbone, initialise


class CropClassifier(nn.Module):
    """Answers several questions about (N, 3, H, W) crops of a hand; returns logits (N, classes), one tensor a head."""

    def __init__(
        self,
        *,
        head_classes: tuple[int, ...],
        widths: tuple[int, ...] = (16, 32, 64, 128, 192),
        depths: tuple[int, ...] = (1, 1, 2, 1),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.backbone = Backbone(widths, depths)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(widths[-1], classes) for classes in head_classes)
        initialise(self)

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of every head, in the order of `head_classes`."""
        features = self.dropout(self.pool(self.backbone(crops)[-1]).flatten(1))
        return tuple(head(features) for head in self.heads)
