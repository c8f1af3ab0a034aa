# SPDX-License-Identifier: Apache-2.0
"""`TorchvisionClassifier`: one of torchvision's networks on a hand's crop, one head a question.

Source: the classifiers of HaGRID (Kapitanov et al., WACV 2024), which are torchvision's definitions with two heads.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

# Those that HaGRID publishes, by the names of torchvision.
NETWORKS = (
    "convnext_base", "mobilenet_v3_large", "mobilenet_v3_small", "resnet18", "resnet152", "resnext50_32x4d",
    "resnext101_32x8d", "vit_b_16", "vit_b_32",
)  # fmt: skip


class TorchvisionClassifier(nn.Module):
    """Answers several questions about (N, 3, H, W) crops of a hand; returns logits (N, classes), one tensor a head.

    `network` is one of `NETWORKS`. A vision transformer takes pictures of `side_px` alone; the others take any.
    """

    def __init__(self, network: str, *, head_classes: tuple[int, ...], side_px: int | None = None) -> None:
        super().__init__()
        self.backbone, heads = _backbone_and_heads(network, head_classes, side_px)
        self.heads = nn.ModuleList(heads)

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of every head, in the order of `head_classes`."""
        features = self.backbone(crops)
        return tuple(head(features) for head in self.heads)


def _backbone_and_heads(
    network: str, head_classes: tuple[int, ...], side_px: int | None
) -> tuple[nn.Module, list[nn.Module]]:
    """Return torchvision's network up to its features (N, F), and a head as it has one for each number of classes."""
    # It takes a second to import, and few recipes name its networks.
    from torchvision.models import get_model

    is_transformer = network.startswith("vit_")
    if side_px is not None and not is_transformer:
        raise ValueError("side_px is for vision transformers; the others take pictures of any size")
    sizes = {"image_size": side_px} if side_px is not None else {}
    backbone: Any = get_model(network, weights=None, **sizes)
    if is_transformer:
        backbone.heads = nn.Identity()
        return backbone, [nn.Linear(backbone.hidden_dim, classes) for classes in head_classes]
    if network.startswith("mobilenet_"):
        first, last = backbone.classifier[0], backbone.classifier[-1]
        backbone.classifier = nn.Identity()
        return backbone, [_hidden_head(first.in_features, last.in_features, classes) for classes in head_classes]
    if network.startswith("convnext_"):
        width = backbone.classifier[-1].in_features
        backbone.classifier[-1] = nn.Identity()
    else:
        width = backbone.fc.in_features
        backbone.fc = nn.Identity()
    return backbone, [nn.Linear(width, classes) for classes in head_classes]


def _hidden_head(width: int, hidden: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, hidden), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(hidden, classes))
