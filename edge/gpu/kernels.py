# SPDX-License-Identifier: Apache-2.0
"""One function for each CUDA kernel, which works out how it is launched.

Arguments named as arrays are device pointers, numbers; `edge/native/cuda/parameters.hpp` is the contract of what they
point to. `count`, where there is one, points to the number of rows to work on; 0 stands for all rows. `fault` points
to an int32 that the caller has set to 0, which a kernel sets to `NOT_FINITE` when a number is not finite; 0 for none.
All raise `UsageError` for sizes that a kernel cannot work with.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import Structure

from edge.errors import UsageError
from edge.geometry import Affine
from edge.gpu.arrays import DeviceLevel, DeviceTensor, DeviceType, map_from_affine
from edge.gpu.launcher import Launcher, Size
from edge.gpu.parameters import (
    MOST_CANDIDATES,
    MOST_LEVELS,
    Classify,
    DecodeBoxes,
    JoinSecondLook,
    LabelMasks,
    LevelView,
    LocatePeaks,
    LocateSimcc,
    NormaliseKeypoints,
)
from edge.gpu.warp import WARP_KERNELS, warp_crops, warp_frame

__all__ = [
    "KERNELS",
    "best_classes",
    "decode_boxes",
    "join_second_look",
    "label_masks",
    "locate_peaks",
    "locate_simcc",
    "normalise_keypoints",
    "probability_of",
    "warp_crops",
    "warp_frame",
]

# Each has a twin of the same name and parameter, `edge._native.run_kernel_twin`.
KERNELS = (
    *WARP_KERNELS,
    "edge_decode_boxes",
    "edge_locate_simcc",
    "edge_best_classes",
    "edge_probability_of",
    "edge_join_second_look",
    "edge_locate_peaks",
    "edge_label_masks",
    "edge_normalise_keypoints",
)
_WARP = 32
_WARPS = 4
_SORTING = 512
_TILE = (32, 8)


def decode_boxes(
    launcher: Launcher,
    levels: Sequence[DeviceLevel],
    *,
    pictures: int,
    dtype: DeviceType,
    min_score: float,
    iou: float,
    max_candidates: int,
    max_hands: int,
    source_from_input: Affine,
    source_hw: tuple[int, int],
    boxes: int,
    scores: int,
    counts: int,
) -> None:
    """Decode the levels of an anchor-free detector, (pictures, 5, h, w) each, into hands in pixels of the source.

    `boxes` is (pictures, max_hands, 4) float32 xyxy, `scores` (pictures, max_hands) float32, best first, `counts`
    (pictures,) int32; zeros follow the last hand. `source_from_input` (2, 3) holds for every picture.
    """
    _require(1 <= len(levels) <= MOST_LEVELS, f"a detector has 1 to {MOST_LEVELS} levels, got {len(levels)}")
    for name, most in (("max_candidates", max_candidates), ("max_hands", max_hands)):
        _require(1 <= most <= MOST_CANDIDATES, f"{name} must be 1 to {MOST_CANDIDATES} on a GPU, got {most}")
    parameters = DecodeBoxes(
        levels=tuple(LevelView(*level) for level in levels),
        picture_from_input=map_from_affine(source_from_input),
        boxes=boxes,
        scores=scores,
        counts=counts,
        level_count=len(levels),
        dtype=dtype,
        pictures=pictures,
        min_score=min_score,
        iou=iou,
        max_candidates=max_candidates,
        max_hands=max_hands,
        width=source_hw[1],
        height=source_hw[0],
    )
    _launch(launcher, "edge_decode_boxes", (pictures, 1, 1), (_SORTING, 1, 1), parameters)


def locate_simcc(
    launcher: Launcher,
    *,
    x: int,
    y: int,
    dtype: DeviceType,
    hands: int,
    points: int,
    bins_xy: tuple[int, int],
    input_hw: tuple[int, int],
    reach_px: float,
    maps: int,
    count: int = 0,
    keypoints: int,
    fault: int = 0,
) -> None:
    """Place keypoints (hands, points, 3) float32 from logits `x` and `y` (hands, points, bins) of each axis.

    `maps` (hands, 2, 3) float64 lead from the input of `input_hw` pixels to the picture.
    """
    _require(min(*bins_xy, *input_hw, hands, points) >= 1, "hands, points, bins and sides must be at least 1")
    parameters = LocateSimcc(
        x=x,
        y=y,
        maps=maps,
        count=count,
        keypoints=keypoints,
        fault=fault,
        reach_px=reach_px,
        x_bins_a_px=bins_xy[0] / input_hw[1],
        y_bins_a_px=bins_xy[1] / input_hw[0],
        hands=hands,
        points=points,
        x_bins=bins_xy[0],
        y_bins=bins_xy[1],
        dtype=dtype,
    )
    _launch_warps(launcher, "edge_locate_simcc", hands * points, parameters)


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
    _require(rows >= 1 and classes >= 1, f"rows and classes must be at least 1, got {rows} and {classes}")
    parameters = Classify(logits, count, ids, scores, fault, rows, classes, 0, dtype)
    _launch_warps(launcher, "edge_best_classes", rows, parameters)


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
    _require(0 <= index < classes, f"index must be a class, 0 to {classes - 1}, got {index}")
    parameters = Classify(logits, count, 0, probabilities, fault, rows, classes, index, dtype)
    _launch_warps(launcher, "edge_probability_of", rows, parameters)


def join_second_look(
    launcher: Launcher,
    *,
    boxes: int,
    scores: int,
    presence: int,
    rows: int,
    count: int = 0,
    trust: float,
    min_score: float,
    same: float,
    kept_rows: int,
    kept_scores: int,
    kept_boxes: int = 0,
    kept_count: int,
    fault: int = 0,
) -> None:
    """Join `scores` with `presence` (rows,) float32 and keep the hands that stay, best first.

    `kept_rows` (rows,) int32 are their rows, `kept_scores` (rows,) and `kept_boxes` (rows, 4) float32 go with them;
    zeros follow the last of `kept_count` (1,) int32. No output may be an input.
    """
    _require(1 <= rows <= MOST_CANDIDATES, f"rows must be 1 to {MOST_CANDIDATES} on a GPU, got {rows}")
    parameters = JoinSecondLook(
        boxes,
        scores,
        presence,
        count,
        kept_rows,
        kept_scores,
        kept_boxes,
        kept_count,
        fault,
        trust,
        rows,
        min_score,
        same,
    )
    threads = min(_SORTING, -(-rows // _WARP) * _WARP)
    _launch(launcher, "edge_join_second_look", (1, 1, 1), (threads, 1, 1), parameters)


def locate_peaks(
    launcher: Launcher,
    *,
    heat: int,
    dtype: DeviceType,
    hands: int,
    points: int,
    heat_hw: tuple[int, int],
    input_hw: tuple[int, int],
    reach: int,
    maps: int,
    count: int = 0,
    keypoints: int,
    fault: int = 0,
) -> None:
    """Place keypoints (hands, points, 3) float32 at the peaks of `heat` (hands, points, h, w).

    A place is the weighted mean of the cells within `reach` of the peak, whose value is the score.
    """
    _require(min(*heat_hw, *input_hw, hands, points) >= 1, "hands, points and sides must be at least 1")
    _require(reach >= 0, f"reach must not be negative, got {reach}")
    parameters = LocatePeaks(heat, maps, count, keypoints, fault, hands, points, *heat_hw, *input_hw, reach, dtype)
    _launch_warps(launcher, "edge_locate_peaks", hands * points, parameters)


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
    _require(1 <= logits.channels <= 256, f"a mask has 1 to 256 classes, got {logits.channels}")
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
    _launch(launcher, "edge_label_masks", grid, (*_TILE, 1), parameters)


def normalise_keypoints(
    launcher: Launcher,
    *,
    keypoints: int,
    hands: int,
    count: int = 0,
    points: int,
    dtype: DeviceType,
    upright: bool,
    one_sided: bool,
) -> None:
    """Write `points` (hands, 21, 2), what `edge.keypoints.normalised` makes of `keypoints` (hands, 21, 3) float32."""
    parameters = NormaliseKeypoints(keypoints, count, points, hands, upright, one_sided, dtype)
    _launch(launcher, "edge_normalise_keypoints", (-(-hands // _WARP), 1, 1), (_WARP, 1, 1), parameters)


def _launch_warps(launcher: Launcher, name: str, warps: int, parameters: Structure) -> None:
    _launch(launcher, name, (-(-warps // _WARPS), 1, 1), (_WARP * _WARPS, 1, 1), parameters)


def _launch(launcher: Launcher, name: str, grid: Size, block: Size, parameters: Structure) -> None:
    launcher.launch(name, grid, block, bytes(parameters), 0)


def _require(condition: bool, message: str) -> None:  # noqa: FBT001
    if not condition:
        raise UsageError(message)
