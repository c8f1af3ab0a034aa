# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for pictures of every format and for the maps that warp them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.edge.golden_warp import BGR, GRAY, NV12, YUYV

STEPS = st.sampled_from([1, 1, 1, 2, 3, -1, -2])


@dataclass(frozen=True)
class Picture:
    """`src` in memory as the native module takes it; the sides are those of the picture."""

    src: NDArray[np.uint8]
    pixel_format: int
    width: int
    height: int

    def __repr__(self) -> str:
        strides = self.src.strides
        return f"Picture(format={self.pixel_format}, {self.width}x{self.height}, strides={strides})"


def stepped(rng: np.random.Generator, shape: tuple[int, ...], steps: tuple[int, ...]) -> NDArray[np.uint8]:
    """Noise of this shape, as a view that leaves out or turns round what its steps say."""
    whole = tuple(1 + (length - 1) * abs(step) for length, step in zip(shape, steps, strict=True))
    noise = rng.integers(0, 256, whole, np.uint8)
    return noise[tuple(slice(None, None, step) for step in steps)]


@st.composite
def pictures(draw: st.DrawFn, *, longest: int = 90) -> Picture:
    """Noise of any format, from the smallest sides up, with any strides."""
    pixel_format = draw(st.sampled_from([BGR, BGR, GRAY, NV12, YUYV]))
    width, height = draw(st.integers(1, longest)), draw(st.integers(1, longest))
    if pixel_format in {NV12, YUYV}:
        width += width % 2
    if pixel_format == NV12:
        height += height % 2
    rows = height * 3 // 2 if pixel_format == NV12 else height
    shape = {BGR: (rows, width, 3), YUYV: (rows, width, 2)}.get(pixel_format, (rows, width))
    plain = draw(st.booleans())
    steps = tuple(1 if plain else draw(STEPS) for _ in shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Picture(stepped(rng, shape, steps), pixel_format, width, height)


@st.composite
def maps(draw: st.DrawFn, picture: Picture, out_width: int, out_height: int) -> NDArray[np.float64]:
    """Maps (2, 3) that shrink, enlarge, mirror, turn and shear, and look at the picture or past it."""
    sizes = st.one_of(st.sampled_from([1.0, 2.0, 3.0, 4.0, 6.0]), st.floats(0.1, 12.0))
    along = draw(sizes) * draw(st.sampled_from([1, 1, -1]))
    down = along if draw(st.booleans()) else draw(sizes)
    turn = draw(st.one_of(st.just(0.0), st.floats(0.01, 2 * math.pi)))
    shear = draw(st.sampled_from([0.0, 0.0, 0.3]))
    cosine, sine = (math.cos(turn), math.sin(turn)) if turn else (1.0, 0.0)
    linear = np.array([[cosine * along, shear - sine * down], [sine * along, cosine * down]])
    shift = draw(st.sampled_from([0.0, 0.0, 0.5, 3.0, 0.37])), draw(st.sampled_from([0.0, 0.0, 0.5, -4.0, 0.21]))
    origin = np.array([picture.width, picture.height]) / 2 - linear @ np.array([out_width, out_height]) / 2
    if draw(st.booleans()):
        origin = np.round(origin)
    return np.column_stack([linear, origin + np.array(shift)])
