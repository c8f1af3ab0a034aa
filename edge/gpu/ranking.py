# SPDX-License-Identifier: Apache-2.0
"""Launches of the kernels that rank boxes: a block ranks those of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from edge.geometry import Affine
from edge.gpu.arrays import DeviceLevel, DeviceType, map_from_affine
from edge.gpu.launcher import WARP, Launcher, launch, require
from edge.gpu.parameters import MOST_CANDIDATES, MOST_LEVELS, DecodeBoxes, JoinSecondLook, LevelView

_SORTING = 512


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
    require(1 <= len(levels) <= MOST_LEVELS, f"a detector has 1 to {MOST_LEVELS} levels, got {len(levels)}")
    for name, most in (("max_candidates", max_candidates), ("max_hands", max_hands)):
        require(1 <= most <= MOST_CANDIDATES, f"{name} must be 1 to {MOST_CANDIDATES} on a GPU, got {most}")
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
    launch(launcher, "edge_decode_boxes", (pictures, 1, 1), (_SORTING, 1, 1), parameters)


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
    require(1 <= rows <= MOST_CANDIDATES, f"rows must be 1 to {MOST_CANDIDATES} on a GPU, got {rows}")
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
    threads = min(_SORTING, -(-rows // WARP) * WARP)
    launch(launcher, "edge_join_second_look", (1, 1, 1), (threads, 1, 1), parameters)
