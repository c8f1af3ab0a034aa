# SPDX-License-Identifier: Apache-2.0
"""`FaceResNet50`: ResNet-50 for small pictures."""

from __future__ import annotations

from torch import Tensor, nn

from training.models.blocks import initialise
from training.models.face.embedding import embedding_layers

_EXPANSION = 4


class _Bottleneck(nn.Module):
    def __init__(self, before: int, width: int, *, stride: int) -> None:
        super().__init__()
        after = width * _EXPANSION
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        found = self.relu(self.bn1(self.conv1(x)))
        found = self.relu(self.bn2(self.conv2(found)))
        merged: Tensor = self.relu(self.bn3(self.conv3(found)) + self.downsample(x))
        return merged


def _stage(before: int, width: int, count: int, *, stride: int) -> nn.Sequential:
    after = width * _EXPANSION
    rest = (_Bottleneck(after, width, stride=1) for _ in range(count - 1))
    return nn.Sequential(_Bottleneck(before, width, stride=stride), *rest)


class FaceResNet50(nn.Module):
    """Pictures (N, 3, 112, 112) to embeddings (N, `embedding`).

    Source: He et al., "Deep Residual Learning", 2016, with a first convolution of 3x3 pixels and stride 1. Parts are
    named as in wujiyang/Face_Pytorch, so that its files fit.
    """

    def __init__(self, embedding: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(64, 64, 3, stride=1)
        self.layer2 = _stage(256, 128, 4, stride=2)
        self.layer3 = _stage(512, 256, 6, stride=2)
        self.layer4 = _stage(1024, 512, 3, stride=2)
        self.output_layer = embedding_layers(2048, embedding, dropout)
        initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the embeddings."""
        found = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        embeddings: Tensor = self.output_layer(self.layer4(self.layer3(self.layer2(self.layer1(found)))))
        return embeddings
