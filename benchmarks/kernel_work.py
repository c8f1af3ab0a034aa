# SPDX-License-Identifier: Apache-2.0
"""What each kernel is timed with: the sizes of the shipped networks, pictures of 1080p and 4K."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cuda_driver import CudaDevice
from edge.frame import PixelFormat
from edge.geometry import letterbox
from edge.gpu import kernels
from edge.gpu.arrays import DeviceLevel, DevicePicture, DeviceTensor, DeviceType
from edge.preprocess import InputContract

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
HANDS, POINTS, BINS = 32, 21, 128
NETWORKS = {320: (192, 320), 640: (384, 640)}
FLOAT = DeviceType.float32
MASK_HW, MASK_CLASSES = (96, 160), 2


@dataclass(frozen=True, slots=True)
class Work:
    """One call of a kernel: `nbytes` it must read and write at least; `prepare` makes its arrays."""

    kernel: str
    input: str
    nbytes: int
    prepare: Callable[[CudaDevice], Callable[[], None]]


def contract(fit: str, side_px: int, margin: float = 0.0) -> InputContract:
    """Return the input of a network, normalised as those that ship."""
    return InputContract(
        fit=fit,  # type: ignore[arg-type]
        width_px=side_px,
        height_px=side_px,
        crop_margin=margin,
        mean=(127.5, 127.5, 127.5),
        std=(64.0, 64.0, 64.0),
        pad=(114.0, 114.0, 114.0),
    )


def frame_work(size: str, pixel_format: PixelFormat, side_px: int, dtype: DeviceType, count: int) -> Work:
    """Return the warp of whole pictures into a network's input."""
    width_px, height_px = SIZES[size]
    height, width = NETWORKS[side_px]
    one = DevicePicture(0, pixel_format, width_px, height_px)
    tensor = DeviceTensor(0, count, 3, height, width, dtype)
    place = letterbox(width_px, height_px, width, height)

    def prepare(device: CudaDevice) -> Callable[[], None]:
        picture = one._replace(pointer=device.allocate(count * one.picture_bytes))
        out = replace(tensor, pointer=device.allocate(tensor.nbytes))
        return partial(
            kernels.warp_frame, device, picture, out, source_from_input=place, contract=contract("letterbox", side_px)
        )

    batch = f" x {count}" if count > 1 else ""
    told = f"{size} {pixel_format.name}{batch} to {width} x {height} {dtype.name}"
    return Work("edge_warp_frame", told, count * one.picture_bytes + tensor.nbytes, prepare)


def crops_work(size: str, pixel_format: PixelFormat) -> Work:
    """Return the warp of 32 crops, a fifth of the picture's height each with its margin."""
    width_px, height_px = SIZES[size]
    side, margin = height_px / 5 / 1.5, 0.25
    corners = np.random.default_rng(0).uniform(side, [width_px - 2 * side, height_px - 2 * side], (HANDS, 2))
    boxes = np.concatenate([corners, corners + side], 1).astype(np.float32)
    one = DevicePicture(0, pixel_format, width_px, height_px)
    tensor = DeviceTensor(0, HANDS, 3, 128, 128)
    read = int(HANDS * (side * 1.5) ** 2 * one.picture_bytes / (width_px * height_px))

    def prepare(device: CudaDevice) -> Callable[[], None]:
        picture = one._replace(pointer=device.allocate(one.picture_bytes))
        out = replace(tensor, pointer=device.allocate(tensor.nbytes))
        return partial(
            kernels.warp_crops,
            device,
            picture,
            out,
            boxes=device.put(boxes),
            maps=device.allocate(HANDS * 48),
            contract=contract("crop", 128, margin),
        )

    return Work("edge_warp_crops", f"{size} {pixel_format.name} to {HANDS} x 128 x 128", read + tensor.nbytes, prepare)


def decode_work(side_px: int) -> Work:
    """Return the decoding of a detector's levels with two dozen candidates."""
    height, width = NETWORKS[side_px]
    strides = (8, 16, 32)
    shapes = [(1, 5, height // stride, width // stride) for stride in strides]
    cells = sum(shape[2] * shape[3] for shape in shapes)

    def prepare(device: CudaDevice) -> Callable[[], None]:
        rng = np.random.default_rng(0)
        levels = []
        for shape, stride in zip(shapes, strides, strict=True):
            values = rng.uniform(0, 6, shape)
            values[:, 0] = np.where(rng.random(shape[2:]) < 24 / cells, 1.0, -6.0)
            levels.append(DeviceLevel(device.put(values.astype(np.float32)), shape[2], shape[3], stride))
        return partial(
            kernels.decode_boxes,
            device,
            levels,
            pictures=1,
            dtype=FLOAT,
            min_score=0.45,
            iou=0.5,
            max_candidates=1000,
            max_hands=HANDS,
            source_from_input=np.eye(2, 3),
            source_hw=(height, width),
            boxes=device.allocate(HANDS * 16),
            scores=device.allocate(HANDS * 4),
            counts=device.allocate(4),
        )

    return Work("edge_decode_boxes", f"levels of {width} x {height}", 4 * cells + HANDS * 20, prepare)


def simcc_work() -> Work:
    """Return the placing of the keypoints of 32 hands."""
    bytes_of_axis = HANDS * POINTS * BINS * 4

    def prepare(device: CudaDevice) -> Callable[[], None]:
        logits = np.random.default_rng(0).normal(0, 4, (HANDS, POINTS, BINS)).astype(np.float32)
        return partial(
            kernels.locate_simcc,
            device,
            x=device.put(logits),
            y=device.put(logits),
            dtype=FLOAT,
            hands=HANDS,
            points=POINTS,
            bins_xy=(BINS, BINS),
            input_hw=(128, 128),
            reach_px=8.5,
            maps=device.put(np.tile(np.eye(2, 3), (HANDS, 1, 1))),
            keypoints=device.allocate(HANDS * POINTS * 12),
        )

    return Work("edge_locate_simcc", f"{HANDS} x {POINTS} x {BINS} bins", 2 * bytes_of_axis, prepare)


def small_work() -> Iterator[Work]:
    """Return what has so little to read that only its latency counts."""

    def classes(device: CudaDevice) -> Callable[[], None]:
        common: dict[str, Any] = {"logits": device.put(np.zeros((HANDS, 19), np.float32)), "dtype": FLOAT}
        ids, scores = device.allocate(HANDS * 4), device.allocate(HANDS * 4)
        return partial(kernels.best_classes, device, rows=HANDS, classes=19, ids=ids, scores=scores, **common)

    def second_look(device: CudaDevice) -> Callable[[], None]:
        boxes = np.arange(HANDS * 4).reshape(HANDS, 4).astype(np.float32)
        ones = device.put(np.full(HANDS, 0.9, np.float32))
        outputs = {
            name: device.allocate(HANDS * 16) for name in ("kept_rows", "kept_scores", "kept_boxes", "kept_count")
        }
        return partial(
            kernels.join_second_look,
            device,
            boxes=device.put(boxes),
            scores=ones,
            presence=ones,
            rows=HANDS,
            trust=0.3,
            min_score=0.3,
            same=0.9,
            **outputs,
        )

    def pose(device: CudaDevice) -> Callable[[], None]:
        points = np.random.default_rng(0).uniform(0, 999, (HANDS, POINTS, 3)).astype(np.float32)
        own = {"keypoints": device.put(points), "points": device.allocate(HANDS * POINTS * 8)}
        return partial(
            kernels.normalise_keypoints, device, hands=HANDS, dtype=FLOAT, upright=True, one_sided=True, **own
        )

    yield Work("edge_best_classes", f"{HANDS} x 19", HANDS * (19 + 2) * 4, classes)
    yield Work("edge_join_second_look", f"{HANDS} hands", HANDS * 48, second_look)
    yield Work("edge_normalise_keypoints", f"{HANDS} hands", HANDS * POINTS * 20, pose)


def mask_work(size: str) -> Work:
    """Return the labels of a whole picture's pixels."""
    width_px, height_px = SIZES[size]
    logits = MASK_CLASSES * MASK_HW[0] * MASK_HW[1]
    cells_from_output = np.array([[MASK_HW[1] / width_px, 0, 0], [0, MASK_HW[0] / height_px, 0]])

    def prepare(device: CudaDevice) -> Callable[[], None]:
        values = np.random.default_rng(0).normal(0, 1, (1, MASK_CLASSES, *MASK_HW)).astype(np.float32)
        return partial(
            kernels.label_masks,
            device,
            logits=DeviceTensor(device.put(values), *values.shape),
            labels=device.allocate(width_px * height_px),
            out_hw=(height_px, width_px),
            cells_from_output=cells_from_output,
        )

    return Work("edge_label_masks", f"{MASK_CLASSES} classes to {size}", 4 * logits + width_px * height_px, prepare)


def all_work() -> Iterator[Work]:
    """Return all that is timed."""
    for size in SIZES:
        for pixel_format in PixelFormat:
            yield frame_work(size, pixel_format, 320, FLOAT, 1)
        yield frame_work(size, PixelFormat.BGR, 640, FLOAT, 1)
        yield frame_work(size, PixelFormat.BGR, 320, DeviceType.float16, 1)
        for pixel_format in (PixelFormat.BGR, PixelFormat.NV12):
            yield frame_work(size, pixel_format, 320, FLOAT, 8)
            yield crops_work(size, pixel_format)
        yield mask_work(size)
    for side_px in NETWORKS:
        yield decode_work(side_px)
    yield simcc_work()
    yield from small_work()
