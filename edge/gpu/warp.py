# SPDX-License-Identifier: Apache-2.0
"""Launches of the kernels that make a network's input of pictures."""

from __future__ import annotations

from ctypes import sizeof

from edge import _native
from edge.errors import UsageError
from edge.frame import PixelFormat
from edge.geometry import Affine
from edge.gpu.arrays import DevicePicture, DeviceTensor, levels_from_contract, map_from_affine
from edge.gpu.launcher import Launcher
from edge.gpu.parameters import MOST_SHRINKAGE, Axis, WarpCrops, WarpFrame
from edge.preprocess import InputContract

WARP_KERNELS = tuple(f"edge_warp_{part}_{kind.name.lower()}" for part in ("frame", "crops") for kind in PixelFormat)
# Threads of a block; a thread reads four bytes of BGR or GRAY, or four pixels of YUV, at once.
_THREADS = {PixelFormat.BGR: 256, PixelFormat.GRAY: 128, PixelFormat.NV12: 128, PixelFormat.YUYV: 128}
_PIXELS_A_BLOCK = {PixelFormat.BGR: 340, PixelFormat.GRAY: 512, PixelFormat.NV12: 512, PixelFormat.YUYV: 512}
_ROWS_OF_CROP = 2
_COLUMN_STEP = 8
_FRINGE_PX = 12
_FLOAT_BYTES = 4


def warp_frame(
    launcher: Launcher,
    picture: DevicePicture,
    out: DeviceTensor,
    *,
    source_from_input: Affine,
    contract: InputContract,
    picture_bytes: int = 0,
) -> None:
    """Write `(value - mean) / std` of whole pictures, seen through `source_from_input` (2, 3), into `out`.

    `out.count` pictures lie `picture_bytes` apart, 0 for without a gap. The map must not turn or shear, and shrink by
    256 at most. Raises `UsageError` when it does, and for sizes that do not go together.
    """
    map_of_frame = map_from_affine(source_from_input)
    xx, xy, x0, yx, yy, y0 = map_of_frame.values
    if xy or yx or max(abs(xx), abs(yy)) > MOST_SHRINKAGE:
        raise UsageError(
            f"a frame may be scaled down by {MOST_SHRINKAGE} at most, and neither turned nor sheared, got"
            f" {source_from_input.tolist()}"
        )
    _require_channels(out, contract)
    tile_px = _tile_px(picture, out.width_px, abs(xx))
    line_values = _line_values(picture, min(tile_px * abs(xx), picture.width_px))
    parameters = WarpFrame(
        picture=picture.view(),
        picture_bytes=picture_bytes or picture.picture_bytes,
        map=map_of_frame,
        x=_axis(xx, x0, picture.width_px),
        y=_axis(yy, y0, picture.height_px),
        levels=levels_from_contract(contract),
        out=out.view(),
        tile_px=tile_px,
        rows_a_block=1,
        line_values=line_values,
    )
    name = f"edge_warp_frame_{picture.pixel_format.name.lower()}"
    grid = (-(-out.width_px // tile_px), out.height_px, out.count)
    block = (_THREADS[picture.pixel_format], 1, 1)
    launcher.launch(name, grid, block, bytes(parameters), line_values * _FLOAT_BYTES)


def warp_crops(
    launcher: Launcher,
    picture: DevicePicture,
    out: DeviceTensor,
    *,
    boxes: int,
    count: int = 0,
    maps: int,
    contract: InputContract,
    fault: int = 0,
) -> None:
    """Write the squares about `boxes` (K, 4) float32 xyxy of a picture into `out` (K, C, S, S).

    `maps` (K, 2, 3) float64 gets the maps from crop to picture. Crops from `count` on are left as they are.
    """
    if out.height_px != out.width_px:
        raise UsageError(f"crops are squares, got {out.width_px} x {out.height_px} px")
    _require_channels(out, contract)
    line_values = _line_values(picture, max(MOST_SHRINKAGE, _PIXELS_A_BLOCK[picture.pixel_format]))
    parameters = WarpCrops(
        picture=picture.view(),
        boxes=boxes,
        count=count,
        maps=maps,
        fault=fault,
        margin=contract.crop_margin,
        levels=levels_from_contract(contract),
        out=out.view(),
        rows_a_block=_ROWS_OF_CROP,
        line_values=line_values,
    )
    name = f"edge_warp_crops_{picture.pixel_format.name.lower()}"
    grid = (1, -(-out.height_px // _ROWS_OF_CROP), out.count)
    block = (_THREADS[picture.pixel_format], 1, 1)
    launcher.launch(name, grid, block, bytes(parameters), line_values * _FLOAT_BYTES)


def _axis(scale: float, origin_px: float, source_length_px: int) -> Axis:
    packed = _native.warp_axis(scale, origin_px, source_length_px)
    if len(packed) != sizeof(Axis):
        raise UsageError("edge._native is of another version than edge.gpu; install edge again")
    return Axis.from_buffer_copy(packed)


def _tile_px(picture: DevicePicture, width_px: int, scale: float) -> int:
    """Return a number of output columns whose pixels keep a block's threads busy, equal for all blocks but the last."""
    most = max(1, int(_PIXELS_A_BLOCK[picture.pixel_format] / max(scale, 1.0)))
    tiles = -(-width_px // most)
    tile_px = -(-width_px // tiles)
    return min(most, -(-tile_px // _COLUMN_STEP) * _COLUMN_STEP) if most >= _COLUMN_STEP else tile_px


def _line_values(picture: DevicePicture, pixels: float) -> int:
    """Return the floats of shared memory that hold a line of so many pixels, with what keeps its banks apart."""
    channels = 1 if picture.pixel_format is PixelFormat.GRAY else 3
    return -(-(int(pixels) + _FRINGE_PX) * channels * 5 // 4)


def _require_channels(out: DeviceTensor, contract: InputContract) -> None:
    sides = out.count, out.channels, out.height_px, out.width_px
    if out.channels != contract.channels or min(sides) < 1:
        raise UsageError(f"out must be (N, {contract.channels}, H, W), each at least 1, got {sides}")
