# SPDX-License-Identifier: Apache-2.0
"""`ResidualAttentionNet`: residual trunks whose maps are weighed by masks that see more of the picture."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from training.models.blocks import initialise
from training.models.face.embedding import embedding_layers


class ResidualBlock(nn.Module):
    """Pre-activation bottleneck: (N, C, H, W) to (N, C', H / stride, W / stride)."""

    def __init__(self, before: int, after: int, *, stride: int = 1) -> None:
        super().__init__()
        inner = after // 4
        self.res_bottleneck = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.ReLU(inplace=True),
            nn.Conv2d(before, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, inner, 3, stride, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, after, 1, bias=False),
        )
        changes = before != after or stride != 1
        self.shortcut = nn.Conv2d(before, after, 1, stride, bias=False) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways."""
        merged: Tensor = self.res_bottleneck(x) + self.shortcut(x)
        return merged


class AttentionModule(nn.Module):
    """Weighs a trunk's maps (N, C, H, W) by a mask from an hourglass that halves them `halvings` times.

    `is_sum` adds one and the mask to the trunk in place of multiplying: so it is in the first module of the published
    code, with which weights trained there were trained.
    """

    def __init__(self, channels: int, halvings: int, *, is_sum: bool) -> None:
        super().__init__()
        self._is_sum = is_sum
        self.first = ResidualBlock(channels, channels)
        self.trunk = _pair(channels)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.down, self.skip, self.up = (
            nn.ModuleList(ResidualBlock(channels, channels) for _ in range(halvings - 1)) for _ in range(3)
        )
        self.bottom = _pair(channels)
        self.gate = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.Sigmoid(),
        )
        self.last = ResidualBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps of the shape of `x`."""
        x = self.first(x)
        trunk: Tensor = self.trunk(x)
        levels = []
        for down in self.down:
            x = down(self.pool(x))
            levels.append(x)
        x = self.bottom(self.pool(x))
        for level, skip, up in reversed(list(zip(levels, self.skip, self.up, strict=True))):
            x = up(_resized(x, level) + level + skip(level))
        mask: Tensor = 1 + self.gate(_resized(x, trunk) + trunk)
        weighed: Tensor = self.last(mask + trunk if self._is_sum else mask * trunk)
        return weighed


def _pair(channels: int) -> nn.Sequential:
    return nn.Sequential(ResidualBlock(channels, channels), ResidualBlock(channels, channels))


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return interpolate(x, size=(like.shape[2], like.shape[3]), mode="bilinear", align_corners=True)


class ResidualAttentionNet(nn.Module):
    """Pictures (N, 3, 112, 112) to embeddings (N, `embedding`).

    `modules` is the number of attention modules in each of three stages and `widths` the channels of the four stages.
    Source: Wang et al., "Residual Attention Network for Image Classification", 2017. The parts of wujiyang/Face_Pytorch
    have other names, see `training.importers.face`, and shortcuts that it never uses are not there.
    """

    def __init__(
        self, embedding: int, dropout: float, *, modules: tuple[int, int, int], widths: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        ]  # fmt: skip
        self.input_layer = nn.Sequential(*layers)
        before = 64
        self.stages = nn.ModuleList()
        for number, (count, width) in enumerate(zip(modules, widths, strict=False)):
            attention = (AttentionModule(width, 3 - number, is_sum=number == 0) for _ in range(count))
            self.stages.append(nn.Sequential(ResidualBlock(before, width, stride=2 if number else 1), *attention))
            before = width
        last = widths[-1]
        rest = (ResidualBlock(last, last) for _ in range(2))
        self.stages.append(nn.Sequential(ResidualBlock(before, last, stride=2), *rest))
        self.output_layer = embedding_layers(last, embedding, dropout)
        initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the embeddings."""
        x = self.input_layer(pictures)
        for stage in self.stages:
            x = stage(x)
        embeddings: Tensor = self.output_layer(x)
        return embeddings
