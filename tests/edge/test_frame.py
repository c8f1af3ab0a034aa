# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frame import Frame, PixelFormat

HALVES = st.integers(1, 40)


def frame(shape: tuple[int, ...], pixel_format: PixelFormat) -> Frame:
    return Frame(np.zeros(shape, np.uint8), pixel_format, time_ns=0, index=0, source="test")


@given(half_height=HALVES, half_width=HALVES)
def test_size_is_that_of_the_picture_in_every_format(half_height: int, half_width: int) -> None:
    height, width = 2 * half_height, 2 * half_width
    shapes = {
        PixelFormat.BGR: (height, width, 3),
        PixelFormat.GRAY: (height, width),
        PixelFormat.NV12: (height * 3 // 2, width),
        PixelFormat.YUYV: (height, width, 2),
    }
    for pixel_format, shape in shapes.items():
        made = frame(shape, pixel_format)
        assert (made.height_px, made.width_px) == (height, width)


@pytest.mark.parametrize(
    ("shape", "pixel_format"),
    [
        ((4, 4), PixelFormat.BGR),
        ((4, 4, 4), PixelFormat.BGR),
        ((0, 4, 3), PixelFormat.BGR),
        ((4, 4, 3), PixelFormat.GRAY),
        ((5, 4), PixelFormat.NV12),
        ((6, 3), PixelFormat.NV12),
        ((4, 3, 2), PixelFormat.YUYV),
    ],
)
def test_wrong_shape_is_refused_with_the_right_one(shape: tuple[int, ...], pixel_format: PixelFormat) -> None:
    with pytest.raises(ValueError, match=f"pixels of a {pixel_format.name} frame must be"):
        frame(shape, pixel_format)


def test_other_types_than_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        Frame(np.zeros((4, 4, 3), np.float32), PixelFormat.BGR, time_ns=0, index=0, source="test")


def test_repr_shows_the_size_and_no_pixels() -> None:
    assert repr(frame((4, 6, 3), PixelFormat.BGR)) == "Frame(BGR 6x4, index=0, source='test')"
