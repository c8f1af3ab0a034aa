# SPDX-License-Identifier: Apache-2.0
"""`ImprovedResNet`: the residual networks of the ArcFace paper, with or without squeeze-and-excitation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.models.blocks import initialise
from training.models.face.embedding import embedding_layers

# Blocks of each stage by the number of layers that the name counts.
DEPTHS = {50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
_WIDTHS = (64, 64, 128, 256, 512)
_REDUCTION = 16


class _SqueezeExcitation(nn.Module):
    """Weighs channels by what the whole map shows. Source: Hu et al., "Squeeze-and-Excitation Networks", 2018."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // _REDUCTION, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(channels // _REDUCTION, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(self.relu(self.fc1(self.pool(x)))))


class _Block(nn.Module):
    def __init__(self, before: int, after: int, *, stride: int, squeeze: bool, is_first: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.BatchNorm2d(before),
            nn.Conv2d(before, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.PReLU(after),
            nn.Conv2d(after, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
        ]
        self.res_layer = nn.Sequential(*layers, *([_SqueezeExcitation(after)] if squeeze else []))
        self.shortcut_layer: nn.Module = nn.Identity()
        if is_first:
            self.shortcut_layer = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        merged: Tensor = self.shortcut_layer(x) + self.res_layer(x)
        return merged


def _stage(before: int, after: int, count: int, *, squeeze: bool) -> nn.Sequential:
    return nn.Sequential(
        _Block(before, after, stride=2, squeeze=squeeze, is_first=True),
        *(_Block(after, after, stride=1, squeeze=squeeze, is_first=False) for _ in range(count - 1)),
    )


class ImprovedResNet(nn.Module):
    """Pictures (N, 3, 112, 112) to embeddings (N, `embedding`); `layers` is 50 or 100.

    Source: Deng et al., "ArcFace", 2019: LResNet-E-IR, where every stage halves the resolution. Parts are named as in
    wujiyang/Face_Pytorch, so that its files fit.
    """

    def __init__(self, embedding: int, dropout: float, *, layers: int, squeeze: bool) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        one, two, three, four = (
            _stage(before, after, count, squeeze=squeeze)
            for before, after, count in zip(_WIDTHS[:-1], _WIDTHS[1:], DEPTHS[layers], strict=True)
        )
        self.layer1, self.layer2, self.layer3, self.layer4 = one, two, three, four
        self.output_layer = embedding_layers(_WIDTHS[-1], embedding, dropout)
        initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the embeddings."""
        found = self.layer4(self.layer3(self.layer2(self.layer1(self.input_layer(pictures)))))
        embeddings: Tensor = self.output_layer(found)
        return embeddings
