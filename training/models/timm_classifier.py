# SPDX-License-Identifier: Apache-2.0
"""`TimmClassifier`: a network of timm on a hand's crop, one linear head a question.

Source: Tan and Le, "EfficientNetV2: Smaller Models and Faster Training", 2021.
"""

from __future__ import annotations

from torch import Tensor, nn

TIMM_NETWORKS = ("efficientnetv2_s", "efficientnetv2_m", "efficientnetv2_l")


class TimmClassifier(nn.Module):
    """Answers several questions about (N, 3, H, W) crops of a hand; returns logits (N, classes), one tensor a head.

    `network` is one of `TIMM_NETWORKS`.
    """

    def __init__(self, network: str, *, head_classes: tuple[int, ...], dropout: float = 0.2) -> None:
        super().__init__()
        # It takes seconds to import, and few recipes name its networks.
        import timm

        self.backbone = timm.create_model(network, pretrained=False, num_classes=0)
        features = int(self.backbone.num_features)  # type: ignore[arg-type]
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(features, classes) for classes in head_classes)

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of every head, in the order of `head_classes`."""
        features = self.dropout(self.backbone(crops))
        return tuple(head(features) for head in self.heads)
