# SPDX-License-Identifier: Apache-2.0
"""Names and shapes of the tensors in checkpoints of SuperAI520/HandHoldingObjectClassification."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]
WIDTHS = (64, 64, 128, 256, 512)
# Of an attention module of each stage: residual blocks, pairs of them, and the gate.
BLOCKS = {
    "1": (
        "share_residual_block last_block mask_block1 mask_block2 mask_block4 mask_block5 skip_connect1 skip_connect2",
        "trunk_branches mask_block3",
        "mask_block6",
    ),
    "2": (
        "first_residual_blocks softmax1_blocks skip1_connection_residual_block softmax3_blocks last_blocks",
        "trunk_branches softmax2_blocks",
        "softmax4_blocks",
    ),
    "3": ("first_residual_blocks last_blocks", "trunk_branches softmax1_blocks", "softmax2_blocks"),
}


def tensors_of(shapes: Shapes) -> dict[str, Tensor]:
    """Return tensors of these shapes that take no room in a file."""
    return {name: torch.full((1,), 0.5).expand(shape) if shape else torch.tensor(0) for name, shape in shapes.items()}


def norm(name: str, channels: int) -> Shapes:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts} | {f"{name}.num_batches_tracked": ()}


def conv(name: str, before: int, after: int, kernel: int) -> Shapes:
    return {f"{name}.weight": (after, before, kernel, kernel)}


def output_layer(channels: int) -> Shapes:
    linear = {"output_layer.3.weight": (512, channels * 49), "output_layer.3.bias": (512,)}
    return norm("output_layer.0", channels) | linear | norm("output_layer.4", 512)


def mobile() -> Shapes:
    shapes = conv("conv1.conv", 3, 64, 3) | conv("dw_conv1.conv", 1, 64, 3)
    shapes |= conv("conv2.conv", 128, 512, 1) | conv("linear7.conv", 1, 512, 7) | conv("linear1.conv", 512, 512, 1)
    for name, channels in (("conv1", 64), ("dw_conv1", 64), ("conv2", 512), ("linear7", 512), ("linear1", 512)):
        shapes |= norm(f"{name}.bn", channels)
    shapes |= {f"{name}.prelu.weight": (size,) for name, size in (("conv1", 64), ("dw_conv1", 64), ("conv2", 512))}
    expansions = (2,) * 5 + (4,) + (2,) * 6 + (4,) + (2,) * 2
    widths = (64,) * 6 + (128,) * 10
    for number, (expansion, (before, after)) in enumerate(zip(expansions, pairwise(widths), strict=True)):
        name, inner = f"blocks.{number}.conv", before * expansion
        shapes |= conv(f"{name}.0", before, inner, 1) | norm(f"{name}.1", inner) | {f"{name}.2.weight": (inner,)}
        shapes |= conv(f"{name}.3", 1, inner, 3) | norm(f"{name}.4", inner) | {f"{name}.5.weight": (inner,)}
        shapes |= conv(f"{name}.6", inner, after, 1) | norm(f"{name}.7", after)
    return shapes


def improved(depths: tuple[int, ...], *, squeeze: bool) -> Shapes:
    shapes = conv("input_layer.0", 3, 64, 3) | norm("input_layer.1", 64) | {"input_layer.2.weight": (64,)}
    for stage, (count, (first, after)) in enumerate(zip(depths, pairwise(WIDTHS), strict=True), start=1):
        for number in range(count):
            name, before = f"layer{stage}.{number}", after if number else first
            layers = f"{name}.res_layer"
            shapes |= norm(f"{layers}.0", before) | conv(f"{layers}.1", before, after, 3) | norm(f"{layers}.2", after)
            shapes |= {f"{layers}.3.weight": (after,)} | conv(f"{layers}.4", after, after, 3)
            shapes |= norm(f"{layers}.5", after)
            if squeeze:
                shapes |= conv(f"{layers}.6.fc1", after, after // 16, 1)
                shapes |= conv(f"{layers}.6.fc2", after // 16, after, 1)
            if not number:
                shapes |= conv(f"{name}.shortcut_layer.0", before, after, 1) | norm(f"{name}.shortcut_layer.1", after)
    return shapes | output_layer(512)


def res50() -> Shapes:
    shapes = conv("conv1", 3, 64, 3) | norm("bn1", 64)
    before = 64
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=1):
        for number in range(count):
            name, after = f"layer{stage}.{number}", 4 * width
            for part, (ins, outs, kernel) in enumerate(((before, width, 1), (width, width, 3), (width, after, 1)), 1):
                shapes |= conv(f"{name}.conv{part}", ins, outs, kernel) | norm(f"{name}.bn{part}", outs)
            if not number:
                shapes |= conv(f"{name}.downsample.0", before, after, 1) | norm(f"{name}.downsample.1", after)
            before = after
    # There the last layer is a convolution of one pixel.
    return shapes | output_layer(2048) | {"output_layer.3.weight": (512, 2048 * 49, 1, 1)}


def residual(name: str, before: int, after: int) -> Shapes:
    body, inner = f"{name}.res_bottleneck", after // 4
    shapes = norm(f"{body}.0", before) | conv(f"{body}.2", before, inner, 1) | norm(f"{body}.3", inner)
    shapes |= conv(f"{body}.5", inner, inner, 3) | norm(f"{body}.6", inner) | conv(f"{body}.8", inner, after, 1)
    return shapes | conv(f"{name}.shortcut", before, after, 1)


def attention(modules: tuple[str, ...], widths: tuple[int, ...]) -> Shapes:
    shapes = conv("conv1.0", 3, 64, 3) | norm("conv1.1", 64)
    for number, (before, after) in enumerate(pairwise((64, *widths, widths[-1], widths[-1])), start=1):
        shapes |= residual(f"residual_block{number}", before, after)
    for module in modules:
        width = widths[int(module[0]) - 1]
        for block, is_gate in _blocks(module):
            name = f"attention_module{module}.{block}"
            if is_gate:
                shapes |= norm(f"{name}.0", width) | conv(f"{name}.2", width, width, 1)
                shapes |= norm(f"{name}.3", width) | conv(f"{name}.5", width, width, 1)
            else:
                shapes |= residual(name, width, width)
    return shapes | output_layer(widths[-1])


def _blocks(module: str) -> Iterator[tuple[str, bool]]:
    """Yield the residual blocks of a module and its gate, with True."""
    single, pairs, gate = BLOCKS[module[0]]
    yield from ((name, False) for name in single.split())
    yield from ((f"{name}.{number}", False) for name in pairs.split() for number in (0, 1))
    yield gate, True


PUBLISHED = {
    "MobileFace": mobile(),
    "Res50": res50(),
    "Res50_IR": improved((3, 4, 14, 3), squeeze=False),
    "SERes50_IR": improved((3, 4, 14, 3), squeeze=True),
    "Res100_IR": improved((3, 13, 30, 3), squeeze=False),
    "SERes100_IR": improved((3, 13, 30, 3), squeeze=True),
    "Attention_56": attention(("1", "2", "3"), (256, 512, 512, 512)),
    "Attention_92": attention(("1", "2", "2_2", "3", "3_2", "3_3"), (256, 512, 1024, 2048)),
}
