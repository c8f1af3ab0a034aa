# SPDX-License-Identifier: Apache-2.0
"""`MobileFaceNet`: the small face network, of depthwise convolutions."""

from __future__ import annotations

from torch import Tensor, nn

from training.models.blocks import initialise

# Expansion, channels, repetitions and stride of each stage.
_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class _ConvBlock(nn.Module):
    def __init__(
        self, before: int, after: int, kernel: int, *, stride: int = 1, padding: int = 0, groups: int = 1, linear: bool
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(after)
        self.prelu = nn.Identity() if linear else nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.prelu(self.bn(self.conv(x)))
        return found


class _Bottleneck(nn.Module):
    def __init__(self, before: int, after: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        self._is_residual = stride == 1 and before == after
        inner = before * expansion
        self.conv = nn.Sequential(
            nn.Conv2d(before, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.PReLU(inner),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.PReLU(inner),
            nn.Conv2d(inner, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv(x)
        return x + found if self._is_residual else found


class MobileFaceNet(nn.Module):
    """Pictures (N, 3, 112, 112) to embeddings (N, `embedding`).

    Source: Chen et al., "MobileFaceNets", 2018. Parts are named as in wujiyang/Face_Pytorch, so that its files fit.
    """

    def __init__(self, embedding: int, dropout: float) -> None:
        del dropout  # It has none; the other face networks do.
        super().__init__()
        self.conv1 = _ConvBlock(3, 64, 3, stride=2, padding=1, linear=False)
        self.dw_conv1 = _ConvBlock(64, 64, 3, padding=1, groups=64, linear=False)
        blocks: list[nn.Module] = []
        before = 64
        for expansion, channels, count, stride in _STAGES:
            for number in range(count):
                blocks.append(_Bottleneck(before, channels, stride=1 if number else stride, expansion=expansion))
                before = channels
        self.blocks = nn.Sequential(*blocks)
        self.conv2 = _ConvBlock(before, 512, 1, linear=False)
        self.linear7 = _ConvBlock(512, 512, 7, groups=512, linear=True)
        self.linear1 = _ConvBlock(512, embedding, 1, linear=True)
        initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the embeddings."""
        found: Tensor = self.conv2(self.blocks(self.dw_conv1(self.conv1(pictures))))
        return self.linear1(self.linear7(found)).flatten(1)  # type: ignore[no-any-return]
