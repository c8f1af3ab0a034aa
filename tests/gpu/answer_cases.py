# SPDX-License-Identifier: Apache-2.0
"""Outputs of networks, made up, and what the kernels make of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.gpu import kernels
from edge.gpu.arrays import DeviceLevel, DeviceTensor, DeviceType
from tests.gpu.devices import Device

Answers: TypeAlias = dict[str, NDArray[Any]]
NUMPY = {DeviceType.float32: np.float32, DeviceType.float16: np.float16}
POINTS, CAPACITY, STALE = 21, 7, -3
SOURCE_FROM_INPUT = np.array([[4.0, 0.0, 0.0], [0.0, 4.0, -28.0]])
SOURCE_HW, STRIDES, PICTURES = (600, 640), (8, 16, 32), 2
INPUT_HW = (160, 160)
TRUST, MIN_SCORE, SAME = 0.3, 0.3, 0.9


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def levels(density: float, dtype: DeviceType) -> list[NDArray[Any]]:
    """Maps of PICTURES pictures in which a share `density` of cells is above one half, in coarse steps with ties."""
    made = []
    for stride in STRIDES:
        shape = (PICTURES, INPUT_HW[0] // stride, INPUT_HW[1] // stride)
        logit = np.where(rng(stride).random(shape) < density, 2.0, -4.0) + rng(stride + 1).integers(-7, 8, shape) / 8
        sides = rng(stride + 2).uniform(-0.5, 6, (PICTURES, 4, *shape[1:]))
        made.append(np.concatenate([logit[:, None], sides], 1).astype(NUMPY[dtype]))
    return made


def decode(
    device: Device,
    *,
    density: float = 0.05,
    dtype: DeviceType = DeviceType.float32,
    max_candidates: int = 1000,
    max_hands: int = 32,
    min_score: float = 0.5,
    spoil: bool = False,
) -> Answers:
    arrays = levels(density, dtype)
    if spoil:
        arrays[0][:, 0, 3, :3] = np.inf, np.nan, -np.inf
        arrays[1][:, 2, :2] = np.nan
        arrays[1][:, 0, :2] = 9
    boxes, scores = (
        np.full((PICTURES, max_hands, 4), STALE, np.float32),
        np.full((PICTURES, max_hands), STALE, np.float32),
    )
    pointers = device.put(boxes), device.put(scores), device.put(np.full(PICTURES, STALE, np.int32))
    kernels.decode_boxes(
        device,
        [DeviceLevel(device.put(a), a.shape[2], a.shape[3], stride) for a, stride in zip(arrays, STRIDES, strict=True)],
        pictures=PICTURES,
        dtype=dtype,
        min_score=min_score,
        iou=0.5,
        max_candidates=max_candidates,
        max_hands=max_hands,
        source_from_input=SOURCE_FROM_INPUT,
        source_hw=SOURCE_HW,
        boxes=pointers[0],
        scores=pointers[1],
        counts=pointers[2],
    )
    return {
        "boxes": device.get(pointers[0], boxes.shape, np.float32),
        "scores": device.get(pointers[1], scores.shape, np.float32),
        "count": device.get(pointers[2], (PICTURES,), np.int32),
    }


def decode_many(device: Device) -> Answers:
    """More candidates than one block can rank: levels of a larger input, all above the threshold."""
    made = [
        np.concatenate([rng(1).permutation(6400).reshape(1, 1, 80, 80) / 1000, rng(2).uniform(0, 3, (1, 4, 80, 80))], 1)
    ]
    boxes, scores, count = np.zeros((1, 1000, 4), np.float32), np.zeros((1, 1000), np.float32), np.zeros(1, np.int32)
    pointers = device.put(boxes), device.put(scores), device.put(count)
    kernels.decode_boxes(
        device,
        [DeviceLevel(device.put(made[0].astype(np.float32)), 80, 80, 8)],
        pictures=1,
        dtype=DeviceType.float32,
        min_score=0.5,
        iou=0.5,
        max_candidates=900,
        max_hands=1000,
        source_from_input=np.eye(2, 3),
        source_hw=(640, 640),
        boxes=pointers[0],
        scores=pointers[1],
        counts=pointers[2],
    )
    return {
        "boxes": device.get(pointers[0], boxes.shape, np.float32),
        "scores": device.get(pointers[1], scores.shape, np.float32),
        "count": device.get(pointers[2], (1,), np.int32),
    }


def hand_maps() -> NDArray[np.float64]:
    return np.stack([np.array([[1.5 + n, 0.1, 20 * n], [-0.1, 1.5 + n, 7 * n]]) for n in range(CAPACITY)])


def points_of(
    device: Device, place: Callable[..., None], logits: dict[str, NDArray[Any]], count: int | None, **options: Any
) -> Answers:
    keypoints, fault = device.put(np.full((CAPACITY, POINTS, 3), STALE, np.float32)), device.put(np.zeros(1, np.int32))
    place(
        device,
        **{name: device.put(values) for name, values in logits.items()},
        hands=CAPACITY,
        points=POINTS,
        maps=device.put(hand_maps()),
        count=0 if count is None else device.put(np.array([count], np.int32)),
        keypoints=keypoints,
        fault=fault,
        **options,
    )
    return {
        "keypoints": device.get(keypoints, (CAPACITY, POINTS, 3), np.float32),
        "fault": device.get(fault, (1,), np.int32),
    }


def simcc_logits(dtype: DeviceType) -> dict[str, NDArray[Any]]:
    return {
        "x": rng(3).normal(0, 4, (CAPACITY, POINTS, 128)).astype(NUMPY[dtype]),
        "y": rng(4).normal(0, 4, (CAPACITY, POINTS, 192)).astype(NUMPY[dtype]),
    }


def simcc(
    device: Device, *, dtype: DeviceType = DeviceType.float32, count: int | None = None, spoil: bool = False
) -> Answers:
    logits = simcc_logits(dtype)
    if spoil:
        logits["y"][2, 5, 100] = np.nan
    options = {"dtype": dtype, "bins_xy": (128, 192), "input_hw": (96, 128), "reach_px": 8.5}
    return points_of(device, kernels.locate_simcc, logits, count, **options)


def heat(dtype: DeviceType) -> NDArray[Any]:
    return rng(5).normal(0, 1, (CAPACITY, POINTS, 24, 33)).astype(NUMPY[dtype])


def peaks(
    device: Device,
    *,
    dtype: DeviceType = DeviceType.float32,
    reach: int = 2,
    count: int | None = None,
    spoil: bool = False,
) -> Answers:
    values = heat(dtype)
    values[0, 0] = -1  # nothing with a weight, and all equal
    if spoil:
        values[1, 3, 5, 6] = np.inf
    options = {"dtype": dtype, "heat_hw": (24, 33), "input_hw": (96, 132), "reach": reach}
    return points_of(device, kernels.locate_peaks, {"heat": values}, count, **options)


def class_logits(classes: int, dtype: DeviceType) -> NDArray[Any]:
    values = rng(classes).normal(0, 5, (CAPACITY, classes)).astype(NUMPY[dtype])
    values[1] = 0.5  # all equal
    return values


def classes(
    device: Device,
    *,
    count: int | None = None,
    classes: int = 19,
    dtype: DeviceType = DeviceType.float32,
    spoil: bool = False,
) -> Answers:
    values = class_logits(classes, dtype)
    if spoil:
        values[3, classes - 1] = -np.inf
    logits, fault = device.put(values), device.put(np.zeros(1, np.int32))
    ids, scores, shares = (device.put(np.full(CAPACITY, STALE, kind)) for kind in (np.int32, np.float32, np.float32))
    common: dict[str, Any] = {
        "logits": logits,
        "dtype": dtype,
        "rows": CAPACITY,
        "classes": classes,
        "count": 0 if count is None else device.put(np.array([count], np.int32)),
        "fault": fault,
    }
    kernels.best_classes(device, ids=ids, scores=scores, **common)
    kernels.probability_of(device, index=classes // 2, probabilities=shares, **common)
    return {
        "ids": device.get(ids, (CAPACITY,), np.int32),
        "scores": device.get(scores, (CAPACITY,), np.float32),
        "shares": device.get(shares, (CAPACITY,), np.float32),
        "fault": device.get(fault, (1,), np.int32),
    }


def hands_seen(rows: int) -> dict[str, NDArray[np.float32]]:
    corner, side = rng(6).integers(0, 60, (rows, 2)), rng(7).integers(20, 90, (rows, 2))
    return {
        "boxes": np.concatenate([corner, corner + side], 1).astype(np.float32),
        "scores": (rng(8).integers(0, 11, rows) / 10).astype(np.float32),
        "presence": (rng(9).integers(0, 11, rows) / 10).astype(np.float32),
    }


def second_look(device: Device, *, rows: int = 32, count: int | None = None, spoil: bool = False) -> Answers:
    seen = hands_seen(rows)
    if spoil:
        seen["presence"][2] = np.nan
    kept = {
        "kept_rows": np.full(rows, STALE, np.int32),
        "kept_scores": np.full(rows, STALE, np.float32),
        "kept_boxes": np.full((rows, 4), STALE, np.float32),
        "kept_count": np.full(1, STALE, np.int32),
        "fault": np.zeros(1, np.int32),
    }
    pointers = {name: device.put(values) for name, values in (seen | kept).items()}
    kernels.join_second_look(
        device,
        rows=rows,
        count=0 if count is None else device.put(np.array([count], np.int32)),
        trust=TRUST,
        min_score=MIN_SCORE,
        same=SAME,
        **pointers,
    )
    return {name: device.get(pointers[name], values.shape, values.dtype) for name, values in kept.items()}


def mask_logits(classes: int, dtype: DeviceType) -> NDArray[Any]:
    return rng(10).normal(0, 2, (3, classes, 20, 26)).astype(NUMPY[dtype])


CELLS_FROM_OUTPUT = np.array([[0.17, 0.01, -2.0], [0.0, 0.21, -1.0]])


def masks(
    device: Device, *, classes: int = 5, count: int | None = None, dtype: DeviceType = DeviceType.float32
) -> Answers:
    values = mask_logits(classes, dtype)
    labels = device.put(np.full((3, 110, 170), 99, np.uint8))
    kernels.label_masks(
        device,
        logits=DeviceTensor(device.put(values), 3, classes, 20, 26, dtype),
        count=0 if count is None else device.put(np.array([count], np.int32)),
        labels=labels,
        out_hw=(110, 170),
        cells_from_output=CELLS_FROM_OUTPUT,
    )
    return {"labels": device.get(labels, (3, 110, 170), np.uint8)}


def hand_points() -> NDArray[np.float32]:
    return rng(11).uniform(0, 1900, (CAPACITY, POINTS, 3)).astype(np.float32)


def pose(
    device: Device, *, upright: bool, one_sided: bool, count: int | None = None, dtype: DeviceType = DeviceType.float32
) -> Answers:
    points = device.put(np.full((CAPACITY, POINTS, 2), STALE, NUMPY[dtype]))
    kernels.normalise_keypoints(
        device,
        keypoints=device.put(hand_points()),
        hands=CAPACITY,
        count=0 if count is None else device.put(np.array([count], np.int32)),
        points=points,
        dtype=dtype,
        upright=upright,
        one_sided=one_sided,
    )
    return {"points": device.get(points, (CAPACITY, POINTS, 2), NUMPY[dtype])}
