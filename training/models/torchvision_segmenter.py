# SPDX-License-Identifier: Apache-2.0
"""`TorchvisionSegmenter`: one of torchvision's networks on a whole picture.

Sources: Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017 (DeepLabV3), as
guglielmocamporese/hands-segmentation-pytorch uses it; Howard et al., "Searching for MobileNetV3", 2019 (LR-ASPP).
"""

from __future__ import annotations

from torch import Tensor, nn

from training.models.blocks import other_channels

SEGMENTERS = ("deeplabv3_resnet50", "lraspp_mobilenet_v3_large")
PICTURE_STRIDE_PX = 8
_CHANNELS = 3


class TorchvisionSegmenter(nn.Module):
    """Tells which pixels of (N, `channels`, H, W) pictures are a hand's; returns their logits, (N, 1, H / 8, W / 8).

    `network` is one of `SEGMENTERS`; names of its tensors are torchvision's. Whoever reads the logits interpolates
    them, as torchvision's own networks do at their end.
    """

    def __init__(self, network: str, *, channels: int = _CHANNELS) -> None:
        super().__init__()
        # It takes a second to import, and few recipes name its networks.
        from torchvision.models import get_model

        whole = get_model(network, weights=None, weights_backbone=None, num_classes=1)
        self.backbone, self.classifier = whole.backbone, whole.classifier
        self._takes_all_maps = network.startswith("lraspp_")
        if channels != _CHANNELS:
            other_channels(self.backbone, channels)

    def forward(self, pictures: Tensor) -> tuple[Tensor]:
        """Return the logits."""
        maps = self.backbone(pictures)
        return (self.classifier(maps if self._takes_all_maps else maps["out"]),)
