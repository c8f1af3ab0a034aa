# SPDX-License-Identifier: Apache-2.0
"""Launches of the kernels that tell classes, of crops and of the pixels of masks."""

from __future__ import annotations

from edge.geometry import Affine
from edge.gpu.arrays import DeviceTensor, DeviceType, map_from_affine
from edge.gpu.launcher import Launcher, launch, launch_warps, require
from edge.gpu.parameters import Classify, LabelMasks

_TILE = (32, 8)


def best_classes(
    launcher: Launcher,
    *,
    logits: int,
    dtype: DeviceType,
    rows: int,
    classes: int,
    count: int = 0,
    ids: int,
    scores: int,
    fault: int = 0,
) -> None:
    """Write the most probable class `ids` (rows,) int32 of `logits` (rows, classes) and its probability `scores`."""
    require(rows >= 1 and classes >= 1, f"rows and classes must be at least 1, got {rows} and {classes}")
    parameters = Classify(logits, count, ids, scores, fault, rows, classes, 0, dtype)
    launch_warps(launcher, "edge_best_classes", rows, parameters)


def probability_of(
    launcher: Launcher,
    *,
    logits: int,
    dtype: DeviceType,
    rows: int,
    classes: int,
    index: int,
    count: int = 0,
    probabilities: int,
    fault: int = 0,
) -> None:
    """Write the probability (rows,) float32 of class `index` of `logits` (rows, classes)."""
    require(0 <= index < classes, f"index must be a class, 0 to {classes - 1}, got {index}")
    parameters = Classify(logits, count, 0, probabilities, fault, rows, classes, index, dtype)
    launch_warps(launcher, "edge_probability_of", rows, parameters)


def label_masks(
    launcher: Launcher,
    *,
    logits: DeviceTensor,
    count: int = 0,
    labels: int,
    out_hw: tuple[int, int],
    cells_from_output: Affine,
) -> None:
    """Write `labels` (N, H, W) uint8 of `logits` (N, classes, h, w), resized by the map from output to cells."""
    require(1 <= logits.channels <= 256, f"a mask has 1 to 256 classes, got {logits.channels}")
    parameters = LabelMasks(
        logits.pointer,
        count,
        labels,
        tuple(map_from_affine(cells_from_output).values),
        logits.count,
        logits.channels,
        logits.height_px,
        logits.width_px,
        *out_hw,
        logits.dtype,
    )
    grid = (-(-out_hw[1] // _TILE[0]), -(-out_hw[0] // _TILE[1]), logits.count)
    launch(launcher, "edge_label_masks", grid, (*_TILE, 1), parameters)
