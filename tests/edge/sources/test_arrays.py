# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.sources.arrays import ArraySource


def refilled(count: int, shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Yield one array again and again, as `cap.read(buffer)` fills it."""
    buffer = np.empty(shape, np.uint8)
    for number in range(count):
        buffer[:] = number
        yield buffer


@pytest.mark.parametrize("shape", [(4, 6, 3), (4, 6)])
def test_a_frame_keeps_its_pixels_when_its_array_is_filled_again(shape: tuple[int, ...]) -> None:
    frames = list(ArraySource(refilled(5, shape)).frames())
    assert [int(frame.pixels.max()) for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]


def test_a_frame_is_handed_on_without_a_copy() -> None:
    frame = Frame(np.zeros((4, 6), np.uint8), PixelFormat.GRAY, 0, 0, "mine")
    assert next(ArraySource([frame]).frames()) is frame


@pytest.mark.parametrize("wrong", ["a", np.zeros((4, 6), np.float32), np.zeros((0, 6, 3), np.uint8), np.zeros(3)])
def test_an_item_that_is_no_picture_is_a_source_error(wrong: object) -> None:
    with pytest.raises(SourceError, match=r"frame 0 must be \(H, W, 3\) or \(H, W\) uint8"):
        list(ArraySource([wrong]).frames())  # type: ignore[list-item]
