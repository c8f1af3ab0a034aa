# SPDX-License-Identifier: Apache-2.0
"""The kernels' twins do what the definitions say, written down once more in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import _native
from edge.frame import PixelFormat
from edge.geometry import apply_boxes, iou_matrix, square_crops
from edge.gpu.arrays import DeviceType
from edge.keypoints import normalised
from tests.edge import golden_warp
from tests.gpu import answer_cases as answers
from tests.gpu.devices import Host
from tests.gpu.warp_cases import CROPS, FRAMES, MEAN, PAD, SIDE_PX, STD, UNTOUCHED, CropsCase, FrameCase

# Fixed point, where it does not shrink by far.
MAX_ERROR_OF_255 = 0.1
# Colours are rounded to whole numbers: tests/edge/test_native_warp.py.
MORE_FROM_YUV = 1.0
HALF_ROUNDING = 1e-3
MAX_ERROR_PX, MAX_ERROR = 1e-3, 1e-5
FLOAT32, FLOAT16 = DeviceType


def error_of(pixel_format: PixelFormat, dtype: DeviceType, levels: float) -> float:
    levels += MORE_FROM_YUV if pixel_format in {PixelFormat.NV12, PixelFormat.YUYV} else 0
    return levels / min(STD) + (HALF_ROUNDING if dtype is FLOAT16 else 0)


def golden(
    picture: NDArray[np.uint8], pixel_format: int, matrices: NDArray[np.float64], shape: tuple[int, ...], colour: str
) -> NDArray[np.float32]:
    out = np.empty((len(matrices), *shape), np.float32)
    mean, std, pad = (np.array(values[: shape[0]], np.float32) for values in (MEAN, STD, PAD))
    golden_warp.warp_normalise(picture, pixel_format, matrices, out, mean, std, pad, colour == "rgb")
    return out


@pytest.mark.parametrize("case", FRAMES.values(), ids=FRAMES)
def test_frames_are_those_of_the_definition(case: FrameCase) -> None:
    found = case.run(Host())
    for picture, tensor in zip(case.pictures(), found, strict=True):
        expected = golden(picture, case.pixel_format, case.matrix()[None], found.shape[1:], case.colour)[0]
        tolerance = error_of(case.pixel_format, case.dtype, case.max_error_of_255)
        np.testing.assert_allclose(tensor, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("case", CROPS.values(), ids=CROPS)
def test_crops_are_those_of_the_definition(case: CropsCase) -> None:
    found, maps, fault = case.run(Host())
    count = len(case.boxes) if case.count is None else min(case.count, len(case.boxes))
    boxes = np.array(case.boxes, np.float32)
    shrinkage = np.nan_to_num(np.ptp(boxes.reshape(-1, 2, 2), axis=1).max(1), nan=np.inf) * 1.5 / SIDE_PX
    boxes[shrinkage > 256] = 0
    assert fault == int((shrinkage > 256)[:count].any())
    expected = square_crops(boxes, 0.25, SIDE_PX)
    np.testing.assert_allclose(maps[:count], expected[:count], rtol=1e-12)
    crops = golden(case.picture(), case.pixel_format, expected, found.shape[1:], case.colour)
    tolerance = error_of(case.pixel_format, case.dtype, MAX_ERROR_OF_255)
    np.testing.assert_allclose(found[:count], crops[:count], rtol=0, atol=tolerance)
    assert (found[count:] == UNTOUCHED).all()
    assert (maps[count:] == UNTOUCHED).all()


@pytest.mark.parametrize("dtype", DeviceType)
def test_hands_are_decoded_suppressed_and_placed(dtype: DeviceType) -> None:
    found = answers.decode(Host(), dtype=dtype, max_hands=20)
    for picture in range(answers.PICTURES):
        cells = []
        for level, stride in zip(answers.levels(0.05, dtype), answers.STRIDES, strict=True):
            logit, *sides = level[picture].astype(np.float64)
            sides = [np.maximum(side, 0) * stride for side in sides]
            for y, x in np.argwhere(logit >= 0):
                left, top, right, bottom = (side[y, x] for side in sides)
                cx, cy = (x + 0.5) * stride, (y + 0.5) * stride
                cells.append((-logit[y, x], cx - left, cy - top, cx + right, cy + bottom))
        kept: list[tuple[float, ...]] = []
        for cell in sorted(cells, key=lambda one: one[0]):
            box = np.array([cell[1:]], np.float32)
            if all(iou_matrix(np.array([other[1:]], np.float32), box)[0, 0] <= 0.5 for other in kept):
                kept.append(cell)
        moved = apply_boxes(answers.SOURCE_FROM_INPUT, np.array(kept[:20])[:, 1:])
        moved = np.clip(moved, 0, [*answers.SOURCE_HW[::-1], *answers.SOURCE_HW[::-1]])
        with_area = (moved[:, 2] > moved[:, 0]) & (moved[:, 3] > moved[:, 1])
        count = int(with_area.sum())
        assert found["count"][picture] == count > 5
        scores = 1 / (1 + np.exp(np.array(kept[:20])[:, 0]))
        np.testing.assert_allclose(found["boxes"][picture, :count], moved[with_area], atol=MAX_ERROR_PX)
        np.testing.assert_allclose(found["scores"][picture, :count], scores[with_area], atol=MAX_ERROR)
        assert not found["boxes"][picture, count:].any()
        assert not found["scores"][picture, count:].any()


def test_cells_that_are_not_finite_are_no_hands() -> None:
    found = answers.decode(Host(), spoil=True)
    assert np.isfinite(found["boxes"]).all()
    assert found["scores"].max() < 1 / (1 + np.exp(-8.0))  # the spoiled cells would score more


def axis(
    logits: NDArray[np.floating], side_px: int, reach_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True).astype(np.float64))
    bins = logits.shape[-1]
    near = np.abs(np.arange(bins) - logits.argmax(-1, keepdims=True)) <= int(reach_px * bins / side_px)
    about = weights * near
    return (about * (np.arange(bins) + 0.5)).sum(-1) / about.sum(-1) * side_px / bins, about.sum(-1) / weights.sum(-1)


@pytest.mark.parametrize(("dtype", "count"), [(FLOAT32, None), (FLOAT16, 4)])
def test_keypoints_lie_at_the_mean_of_near_bins(dtype: DeviceType, count: int | None) -> None:
    found = answers.simcc(Host(), dtype=dtype, count=count)
    logits = answers.simcc_logits(dtype)
    (x, sure_x), (y, sure_y) = axis(logits["x"], 128, 8.5), axis(logits["y"], 96, 8.5)
    maps = answers.hand_maps()
    places = np.einsum("nij,nkj->nki", maps[:, :, :2], np.stack([x, y], -1)) + maps[:, None, :, 2]
    hands = answers.CAPACITY if count is None else count
    np.testing.assert_allclose(found["keypoints"][:hands, :, :2], places[:hands], atol=MAX_ERROR_PX)
    np.testing.assert_allclose(found["keypoints"][:hands, :, 2], (sure_x * sure_y)[:hands], atol=MAX_ERROR)
    assert (found["keypoints"][hands:] == answers.STALE).all()
    assert found["fault"] == 0


def test_a_keypoint_that_is_not_finite_is_told() -> None:
    found = answers.simcc(Host(), spoil=True)
    bad = np.asarray(np.isnan(found["keypoints"]).all(-1))
    assert bad.sum() == 1
    assert bad[2, 5]
    assert found["fault"] == 1


@pytest.mark.parametrize("reach", [0, 2, 40])
def test_peaks_lie_at_the_weighted_mean_of_near_cells(reach: int) -> None:
    found = answers.peaks(Host(), reach=reach)["keypoints"]
    heat = answers.heat(FLOAT32)
    heat[0, 0] = -1
    rows, columns = np.mgrid[0:24, 0:33]
    for hand, point in np.ndindex(heat.shape[:2]):
        values = heat[hand, point].astype(np.float64)
        y, x = np.unravel_index(values.argmax(), values.shape)
        near = (np.abs(rows - y) <= reach) & (np.abs(columns - x) <= reach)
        weights = np.maximum(values, 0) * near
        weights = weights if weights.any() else (rows == y) & (columns == x)
        place = [((own + 0.5) * weights).sum() / weights.sum() * 4 for own in (columns, rows)]
        own_map = answers.hand_maps()[hand]
        np.testing.assert_allclose(found[hand, point, :2], own_map[:, :2] @ place + own_map[:, 2], atol=MAX_ERROR_PX)
        assert found[hand, point, 2] == values.max().astype(np.float32)


@pytest.mark.parametrize(("classes", "dtype"), [(19, FLOAT32), (2, FLOAT16), (77, FLOAT32)])
def test_classes_are_those_of_the_softmax(classes: int, dtype: DeviceType) -> None:
    found = answers.classes(Host(), classes=classes, dtype=dtype)
    logits = answers.class_logits(classes, dtype).astype(np.float64)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    assert (found["ids"] == logits.argmax(1)).all()
    np.testing.assert_allclose(found["scores"], shares.max(1), rtol=MAX_ERROR)
    np.testing.assert_allclose(found["shares"], shares[:, classes // 2], rtol=MAX_ERROR)


def test_a_row_that_is_not_finite_is_told() -> None:
    found = answers.classes(Host(), spoil=True)
    assert found["ids"][3] == 0
    assert np.isnan(found["scores"]).tolist() == [row == 3 for row in range(answers.CAPACITY)]
    assert found["fault"] == 1


@pytest.mark.parametrize(("rows", "count"), [(32, None), (32, 9), (300, None), (32, 0)])
def test_second_looks_are_those_of_the_cpu(rows: int, count: int | None) -> None:
    found = answers.second_look(Host(), rows=rows, count=count)
    seen = {name: values[:count] for name, values in answers.hands_seen(rows).items()}
    expected_rows, expected_scores = _native.join_second_look(
        seen["boxes"], seen["scores"], seen["presence"], answers.TRUST, answers.MIN_SCORE, answers.SAME
    )
    kept = int(found["kept_count"][0])
    assert found["kept_rows"][:kept].tolist() == expected_rows.tolist()
    assert (found["kept_scores"][:kept] == expected_scores).all()
    assert (found["kept_boxes"][:kept] == seen["boxes"][expected_rows]).all()
    assert not found["kept_boxes"][kept:].any()
    assert not found["kept_scores"][kept:].any()


@pytest.mark.parametrize("classes", [1, 5])
def test_masks_are_the_largest_of_bilinear_logits(classes: int) -> None:
    found = answers.masks(Host(), classes=classes)["labels"]
    logits = answers.mask_logits(classes, FLOAT32).astype(np.float64)
    rows, columns = np.mgrid[0:110, 0:170] + 0.5
    x, y = np.einsum("ij,jhw->ihw", answers.CELLS_FROM_OUTPUT, np.stack([columns, rows, np.ones_like(rows)]))
    values = np.stack([golden_warp.bilinear(one.transpose(1, 2, 0), x, y) for one in logits])
    labels = values.argmax(-1) if classes > 1 else (values[..., 0] > 0).astype(int)
    labels[:, (x < 0) | (x >= 26) | (y < 0) | (y >= 20)] = 0
    assert 0.05 < (labels > 0).mean() < 0.95
    assert (found != labels).mean() < 1e-4  # float32 may decide a tie otherwise


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("one_sided", [False, True])
def test_poses_are_those_of_the_definition(upright: bool, one_sided: bool) -> None:
    found = answers.pose(Host(), upright=upright, one_sided=one_sided)["points"]
    expected = normalised(answers.hand_points()[:, :, :2], upright=upright, one_sided=one_sided)
    np.testing.assert_allclose(found, expected, atol=MAX_ERROR)
