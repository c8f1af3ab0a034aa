# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.frame import Frame, PixelFormat
from edge.geometry import apply_boxes, invert
from edge.preprocess import InputContract, Preprocessor

LETTERBOX = InputContract(
    fit="letterbox", width_px=320, height_px=320, multiple_px=32, mean=(10, 20, 30), std=(2, 4, 8), pad=(1, 2, 3)
)
PLAIN: dict[str, Any] = {"mean": (0, 0, 0), "std": (1, 1, 1), "pad": (114, 114, 114)}
CROP = InputContract(fit="crop", width_px=64, height_px=64, crop_margin=0.25, **PLAIN)
# cv2.INTER_AREA rounds to whole numbers, ours does not.
MAX_ERROR_OF_255 = 0.55
# The same, after a camera's colours: OpenCV and we each round these too.
MAX_ERROR_FROM_YUV = 1.6


def frame_of(pixels: NDArray[np.uint8], pixel_format: PixelFormat = PixelFormat.BGR) -> Frame:
    return Frame(pixels=pixels, pixel_format=pixel_format, time_ns=0, index=0, source="memory")


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "expected_hw"),
    [
        (1280, 720, (192, 320)),
        (1920, 1080, (192, 320)),
        (640, 480, (256, 320)),
        (720, 1280, (320, 192)),
        (500, 500, (320, 320)),
        (12000, 1, (32, 320)),
        (1, 12000, (320, 32)),
    ],
)
def test_a_letterboxed_tensor_is_no_larger_than_it_must_be(
    width: int, height: int, expected_hw: tuple[int, int]
) -> None:
    assert Preprocessor(LETTERBOX).tensor_hw(width, height) == expected_hw


@given(width=st.integers(1, 13000), height=st.integers(1, 13000))
def test_a_tensor_keeps_within_its_contract(width: int, height: int) -> None:
    tensor_hw = Preprocessor(LETTERBOX).tensor_hw(width, height)
    assert all(side % 32 == 0 and 32 <= side <= 320 for side in tensor_hw)
    assert max(tensor_hw) == 320


def test_a_tensor_without_a_multiple_has_one_size() -> None:
    contract = InputContract(fit="stretch", width_px=300, height_px=200, **PLAIN)
    assert Preprocessor(contract).tensor_hw(1280, 720) == (200, 300)


def test_a_whole_frame_is_scaled_padded_and_normalised() -> None:
    pixels = noise(720, 1280)
    out = np.full((3, 192, 320), np.nan, np.float32)
    Preprocessor(LETTERBOX).write_frame(frame_of(pixels), out)
    mean, std, pad = (np.array(values)[:, None, None] for values in (LETTERBOX.mean, LETTERBOX.std, LETTERBOX.pad))
    shrunk = cv2.resize(pixels, (320, 180), interpolation=cv2.INTER_AREA)[..., ::-1].transpose(2, 0, 1)
    values = out * std + mean
    assert np.abs(values[:, 6:186] - shrunk).max() <= MAX_ERROR_OF_255
    assert np.allclose(values[:, :6], pad, atol=1e-4)
    assert np.allclose(values[:, 186:], pad, atol=1e-4)


@pytest.mark.parametrize(
    ("pixel_format", "shape", "code"),
    [
        (PixelFormat.NV12, (360, 320), cv2.COLOR_YUV2BGR_NV12),
        (PixelFormat.YUYV, (240, 320, 2), cv2.COLOR_YUV2BGR_YUYV),
        (PixelFormat.GRAY, (240, 320), cv2.COLOR_GRAY2BGR),
    ],
)
def test_every_format_has_the_colours_opencv_gives_it(
    pixel_format: PixelFormat, shape: tuple[int, ...], code: int
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    contract = InputContract(fit="stretch", width_px=320, height_px=240, colour="bgr", **PLAIN)
    out = np.empty((3, 240, 320), np.float32)
    Preprocessor(contract).write_frame(frame_of(pixels, pixel_format), out)
    assert np.abs(out - cv2.cvtColor(pixels, code).transpose(2, 0, 1)).max() <= MAX_ERROR_FROM_YUV


def test_grey_input_is_luma() -> None:
    pixels = noise(48, 64)
    contract = InputContract(fit="stretch", width_px=64, height_px=48, colour="gray", mean=(0,), std=(1,), pad=(0,))
    out = np.empty((1, 1, 48, 64), np.float32)
    Preprocessor(contract).write_frame(frame_of(pixels), out)
    assert np.abs(out[0, 0] - cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)).max() <= MAX_ERROR_OF_255


def test_boxes_in_the_tensor_come_back_to_the_picture() -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[100:200, 300:420] = 255
    preprocessor = Preprocessor(InputContract(fit="letterbox", width_px=320, height_px=320, multiple_px=32, **PLAIN))
    out = np.empty((3, *preprocessor.tensor_hw(640, 480)), np.float32)
    matrix = preprocessor.write_frame(frame_of(pixels), out)
    rows, columns = np.nonzero(out[0] > 230)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    assert apply_boxes(matrix, seen).tolist() == [[300, 100, 420, 200]]
    assert np.allclose(apply_boxes(invert(matrix), apply_boxes(matrix, seen)), seen)


def test_a_change_of_size_in_a_stream_is_followed() -> None:
    preprocessor = Preprocessor(LETTERBOX)
    first, second = np.empty((3, 192, 320), np.float32), np.empty((3, 192, 320), np.float32)
    large, small = frame_of(noise(720, 1280)), frame_of(noise(360, 640))
    matrices = [preprocessor.write_frame(frame, first) for frame in (large, small, large)]
    Preprocessor(LETTERBOX).write_frame(large, second)
    assert np.array_equal(first, second)
    assert [matrix[0, 0] for matrix in matrices] == [4, 2, 4]


def test_crops_are_what_each_box_covers() -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[50:90, 60:100] = (1, 2, 3)
    pixels[100:180, 200:280] = (4, 5, 6)
    boxes = np.array([[60, 50, 100, 90], [200, 100, 280, 180]], np.float32)
    out = np.empty((2, 3, 64, 64), np.float32)
    matrices = Preprocessor(CROP).write_crops(frame_of(pixels), boxes, out)
    # A margin of a quarter on both ends leaves two thirds of the crop to the box.
    inner = slice(12, 52)
    assert np.array_equal(out[0, :, inner, inner].mean((1, 2)).round(), [3, 2, 1])
    assert np.array_equal(out[1, :, inner, inner].mean((1, 2)).round(), [6, 5, 4])
    assert np.allclose(matrices[:, 0, 0], [60 / 64, 120 / 64])


def test_a_crop_past_the_border_is_padded() -> None:
    out = np.empty((1, 3, 64, 64), np.float32)
    white = np.full((40, 40, 3), 255, np.uint8)
    Preprocessor(CROP).write_crops(frame_of(white), np.array([[-20, -20, 20, 20]], np.float32), out)
    assert (out[0, :, :30, :] == 114).all()
    assert np.allclose(out[0, :, 34:, 34:], 255)


def test_no_boxes_are_no_crops() -> None:
    out = np.empty((0, 3, 64, 64), np.float32)
    assert Preprocessor(CROP).write_crops(frame_of(noise(9, 9)), np.empty((0, 4), np.float32), out).shape == (0, 2, 3)


def test_crops_and_boxes_must_be_equally_many() -> None:
    out = np.empty((2, 3, 64, 64), np.float32)
    with pytest.raises(ValueError, match="got 2 crops for 1 boxes"):
        Preprocessor(CROP).write_crops(frame_of(noise(9, 9)), np.zeros((1, 4), np.float32), out)


def test_an_input_of_crops_takes_no_whole_frame() -> None:
    with pytest.raises(ValueError, match="call write_crops"):
        Preprocessor(CROP).write_frame(frame_of(noise(9, 9)), np.empty((3, 64, 64), np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "gray"}, "mean needs 1 values for colour 'gray', got 3"),
        ({"pad": (0, 0)}, "pad needs 3 values for colour 'rgb', got 2"),
        ({"std": (1, 0, 1)}, "std must lie within 0.001 and 1000"),
        ({"fit": "crop"}, "fit 'crop' takes squares, so width_px and height_px must be equal, got 64 and 128"),
        ({"multiple_px": 32}, "multiple_px goes with fit 'letterbox', got 'stretch'"),
        ({"fit": "letterbox", "multiple_px": 48}, "must be multiples of 48"),
    ],
)
def test_a_contract_whose_fields_do_not_go_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InputContract(**{"fit": "stretch", "width_px": 64, "height_px": 128, **PLAIN, **changes})


def test_a_real_photograph_shrinks_like_opencvs_area_means(data_dir: Path) -> None:
    paths = sorted((data_dir / "boxes").rglob("*.jpg"))[:200:40]
    assert paths
    contract = InputContract(fit="stretch", width_px=48, height_px=32, colour="bgr", **PLAIN)
    out = np.empty((3, 32, 48), np.float32)
    for path in paths:
        pixels = cv2.imread(str(path))
        assert pixels is not None
        aligned = pixels[: pixels.shape[0] // 32 * 32, : pixels.shape[1] // 48 * 48].astype(np.uint8)
        Preprocessor(contract).write_frame(frame_of(aligned), out)
        shrunk = cv2.resize(aligned, (48, 32), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
        assert np.abs(out - shrunk).max() <= MAX_ERROR_OF_255
