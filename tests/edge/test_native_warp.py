# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge import _native
from tests.edge import golden_warp
from tests.edge.golden_warp import BGR, GRAY, NV12, YUYV
from tests.edge.pictures import Picture, maps, pictures

# Fixed point in rows (16 bits), lines (7), columns (15) and oblique weights (14): kernels.hpp.
MAX_ERROR_OF_255 = 0.05
# Besides, colour from YUV is rounded to whole numbers, and 6 fractional bits may round the other way.
MAX_ERROR_FROM_YUV = 1.05


@contextmanager
def kernels(name: str) -> Iterator[None]:
    before = _native.kernels_in_use()
    _native.use_kernels(name)
    try:
        yield
    finally:
        _native.use_kernels(before)


def warp(
    picture: Picture,
    matrices: NDArray[np.float64],
    shape: tuple[int, int, int],
    *,
    rgb: bool = True,
    threads: int = 1,
    pad: float = 77.0,
) -> NDArray[np.float32]:
    channels = shape[0]
    out = np.full((len(matrices), *shape), np.nan, np.float32)
    zero, one, border = (np.full(channels, value, np.float32) for value in (0, 1, pad))
    _native.warp_normalise(picture.src, picture.pixel_format, matrices, out, zero, one, border, rgb, threads)
    return out


def bgr_picture(pixels: NDArray[np.uint8]) -> Picture:
    return Picture(pixels, BGR, pixels.shape[1], pixels.shape[0])


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def scaling(scale: float, x0: float = 0.0, y0: float = 0.0) -> NDArray[np.float64]:
    return np.array([[[scale, 0.0, x0], [0.0, scale, y0]]])


@given(data=st.data(), picture=pictures())
def test_every_kernel_gives_what_the_definition_says(data: st.DataObject, picture: Picture) -> None:
    channels, rgb = data.draw(st.sampled_from([1, 3])), data.draw(st.booleans())
    height, width = data.draw(st.integers(1, 24)), data.draw(st.integers(1, 40))
    matrices = np.stack([data.draw(maps(picture, width, height)) for _ in range(data.draw(st.integers(1, 3)))])
    mean, std, pad = (np.array([low, low + 5, low + 9][:channels], np.float32) for low in (100, 1, 3))
    expected = np.empty((len(matrices), channels, height, width), np.float32)
    golden_warp.warp_normalise(picture.src, picture.pixel_format, matrices, expected, mean, std, pad, rgb=rgb)
    results = []
    for name in _native.available_kernels():
        out = np.full_like(expected, np.nan)
        with kernels(name):
            _native.warp_normalise(picture.src, picture.pixel_format, matrices, out, mean, std, pad, rgb)
        results.append(out)
    allowed = MAX_ERROR_FROM_YUV if picture.pixel_format in {NV12, YUYV} else MAX_ERROR_OF_255
    assert (np.abs(results[0] - expected) * std[:, None, None]).max() <= allowed
    assert all(np.array_equal(results[0], other) for other in results[1:])


@given(data=st.data(), picture=pictures(longest=40), threads=st.integers(2, 5))
def test_threads_change_nothing(data: st.DataObject, picture: Picture, threads: int) -> None:
    matrix = data.draw(maps(picture, 30, 21))[None]
    assert np.array_equal(warp(picture, matrix, (3, 21, 30), threads=threads), warp(picture, matrix, (3, 21, 30)))


@pytest.mark.parametrize("hw", [(2160, 3840), (1080, 1920), (720, 1280), (1079, 1917)])
@pytest.mark.parametrize("turn", [0.0, 0.2])
def test_far_corners_of_large_pictures_are_what_the_definition_says(hw: tuple[int, int], turn: float) -> None:
    height, width = hw
    linear = 11.7 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.column_stack([linear, np.array([width, height]) - linear @ [36, 22]])[None]
    picture = bgr_picture(noise(height, width))
    expected = np.empty((1, 3, 24, 40), np.float32)
    nothing = np.zeros(3, np.float32)
    golden_warp.warp_normalise(picture.src, BGR, matrix, expected, nothing, nothing + 1, nothing + 77, rgb=True)
    assert np.abs(warp(picture, matrix, (3, 24, 40)) - expected).max() <= MAX_ERROR_OF_255


@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize("width", [64, 330, 1280])
def test_whole_shrinking_is_the_exact_mean_of_squares(side: int, width: int) -> None:
    columns, rows = width // side, 24 // side
    pixels = noise(rows * side, columns * side)
    expected = pixels.reshape(rows, side, columns, side, 3).mean((1, 3)).transpose(2, 0, 1)
    out = warp(bgr_picture(pixels), scaling(side, -side * 3, -side * 2), (3, rows + 4, columns + 6), rgb=False)
    assert np.allclose(out[0, :, 2:-2, 3:-3], expected, rtol=0, atol=1e-4)
    assert (out[0, :, :2] == 77).all()
    assert (out[0, :, :, -3:] == 77).all()


def test_nothing_outside_a_view_is_read_into_the_result() -> None:
    whole = np.full((40, 300, 3), 255, np.uint8)
    view = whole[4:36, 3:259]
    view[:] = 10
    for scale in (0.7, 1.0, 2.0, 3.3, 4.0):
        out = warp(bgr_picture(view), scaling(scale), (3, int(32 / scale), int(256 / scale)))
        assert np.allclose(out, 10, atol=MAX_ERROR_OF_255)


def test_identity_changes_no_pixel() -> None:
    pixels = noise(37, 53)
    out = warp(bgr_picture(pixels), scaling(1.0), (3, 37, 53), rgb=False)
    assert np.array_equal(out[0], pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("scale", [1.7, 2.0, 3.0, 3.7, 6.0])
def test_shrinking_shifts_nothing(scale: float) -> None:
    ramp = np.repeat(np.arange(240, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(20, axis=0)
    columns = int(240 / scale)
    out = warp(bgr_picture(ramp), scaling(scale), (3, 3, columns))
    centres = (np.arange(columns) + 0.5) * scale - 0.5
    assert np.abs(out[0, 0, 1] - centres)[1:-1].max() <= MAX_ERROR_OF_255


@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_fine_patterns_become_even_grey(turn: float) -> None:
    rows, columns = np.mgrid[0:1080, 0:1920]
    checks = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    linear = 6 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.column_stack([linear, np.array([960, 540]) - linear @ [50, 40]])[None]
    out = warp(bgr_picture(checks), matrix, (3, 80, 100))
    assert np.abs(out - 127.5).max() < 16  # bilinear samples alone swing by 127


def test_one_pixel_fills_the_tensor_and_no_more() -> None:
    pixel = np.array([[[1, 2, 3]]], np.uint8)
    out = warp(bgr_picture(pixel), scaling(0.1, -0.2, -0.2), (3, 14, 14))
    assert np.array_equal(out[0, :, 2:12, 2:12], np.broadcast_to([[[3]], [[2]], [[1]]], (3, 10, 10)))
    assert out[0, 0].tolist().count([77.0] * 14) == 4


@pytest.mark.parametrize(("pixel_format", "shape"), [(GRAY, (4, 4)), (NV12, (6, 4)), (YUYV, (4, 4, 2))])
def test_middle_grey_is_grey_in_every_format(pixel_format: int, shape: tuple[int, ...]) -> None:
    picture = Picture(np.full(shape, 128, np.uint8), pixel_format, 4, 4)
    colour, luma = warp(picture, scaling(1.0), (3, 4, 4)), warp(picture, scaling(1.0), (1, 4, 4))
    assert np.ptp(colour) == 0
    assert np.allclose(luma, colour[0, 0], atol=1e-3)


def test_the_gil_is_free_while_a_picture_is_warped() -> None:
    picture, counted, done = bgr_picture(noise(2160, 3840)), [0], threading.Event()

    def count() -> None:
        while not done.is_set():
            counted[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    turned = np.array([[[3.0, -3.0, 1900.0], [3.0, 3.0, 0.0]]])
    out, one = np.empty((1, 3, 400, 600), np.float32), np.ones(3, np.float32)
    before = counted[0]
    _native.warp_normalise(picture.src, BGR, turned, out, one, one, one, True)
    after = counted[0]
    done.set()
    counter.join()
    assert after > before + 100


def test_an_empty_batch_is_nothing_to_do() -> None:
    assert warp(bgr_picture(noise(4, 4)), np.empty((0, 2, 3)), (3, 8, 8)).shape == (0, 3, 8, 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"src": np.zeros((4, 4), np.uint8)}, r"src must be \(H, W, 3\) for BGR, got \(4, 4\)"),
        ({"src": np.zeros((4, 4, 3), np.float32)}, "src must be uint8"),
        ({"src": np.zeros((0, 4, 3), np.uint8)}, "between 1 and 1048576 rows and columns"),
        ({"src": np.zeros((5, 4), np.uint8), "pixel_format": NV12}, "NV12 picture has even sides"),
        ({"src": np.zeros((4, 3, 2), np.uint8), "pixel_format": YUYV}, "YUYV picture has an even width"),
        ({"pixel_format": 4}, "pixel_format must be 0"),
        ({"matrices": np.zeros((2, 2, 3))}, r"one map for each of the 1 pictures of out, got \(2, 2, 3\)"),
        ({"matrices": np.full((1, 2, 3), np.nan)}, "matrices must be finite"),
        ({"out": np.zeros((1, 2, 8, 8), np.float32)}, "C 1 or 3"),
        ({"out": np.zeros((1, 3, 8, 8))}, "out must be float32"),
        ({"out": np.zeros((1, 3, 8, 16), np.float32)[..., ::2]}, "out must be C-contiguous"),
        ({"mean": np.zeros(1, np.float32)}, r"mean must have one value for each of the 3 channels of out, got \(1,\)"),
        ({"std": np.zeros(3, np.float32)}, "std must be above 0"),
        ({"pad": np.full(3, np.inf, np.float32)}, "pad must be finite"),
        ({"threads": 0}, "threads must be at least 1"),
    ],
)
def test_wrong_arguments_are_explained(changes: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {
        "src": noise(4, 4),
        "pixel_format": BGR,
        "matrices": scaling(1.0),
        "out": np.zeros((1, 3, 8, 8), np.float32),
        "mean": np.zeros(3, np.float32),
        "std": np.ones(3, np.float32),
        "pad": np.zeros(3, np.float32),
        "rgb": True,
        "threads": 1,
    }
    with pytest.raises(ValueError, match=message):
        _native.warp_normalise(**(arguments | changes))  # type: ignore[arg-type]


def test_a_tensor_that_may_not_be_written_is_refused() -> None:
    out = np.zeros((1, 3, 4, 4), np.float32)
    out.setflags(write=False)
    one = np.ones(3, np.float32)
    with pytest.raises((TypeError, ValueError)):
        _native.warp_normalise(noise(4, 4), BGR, scaling(1.0), out, one, one, one, True)


def test_unknown_kernels_are_named_with_the_choices() -> None:
    with pytest.raises(ValueError, match='no kernels "mmx"; it has portable'):
        _native.use_kernels("mmx")


def test_the_fastest_kernels_are_in_use() -> None:
    assert _native.kernels_in_use() == _native.available_kernels()[-1]
