# SPDX-License-Identifier: Apache-2.0
"""Launches of the kernels that place keypoints, and make the input of pose models of them."""

from __future__ import annotations

from edge.gpu.arrays import DeviceType
from edge.gpu.launcher import WARP, Launcher, launch, launch_warps, require
from edge.gpu.parameters import LocatePeaks, LocateSimcc, NormaliseKeypoints


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
    require(min(*bins_xy, *input_hw, hands, points) >= 1, "hands, points, bins and sides must be at least 1")
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
    launch_warps(launcher, "edge_locate_simcc", hands * points, parameters)


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
    require(min(*heat_hw, *input_hw, hands, points) >= 1, "hands, points and sides must be at least 1")
    require(reach >= 0, f"reach must not be negative, got {reach}")
    parameters = LocatePeaks(heat, maps, count, keypoints, fault, hands, points, *heat_hw, *input_hw, reach, dtype)
    launch_warps(launcher, "edge_locate_peaks", hands * points, parameters)


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
    launch(launcher, "edge_normalise_keypoints", (-(-hands // WARP), 1, 1), (WARP, 1, 1), parameters)
