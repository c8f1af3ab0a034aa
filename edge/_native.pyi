# SPDX-License-Identifier: Apache-2.0
"""The compiled part of edge: warping, decoding and suppression."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

def warp_normalise(
    src: NDArray[np.uint8],
    pixel_format: int,
    matrices: NDArray[np.float64],
    out: NDArray[np.float32],
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
    pad: NDArray[np.float32],
    rgb: bool,
    threads: int = 1,
) -> None:
    """Write `(value - mean) / std` of the picture `src`, seen through `matrices`, into `out`.

    `src` is any strided uint8 view: BGR=0 `(H, W, 3)`, GRAY=1 `(H, W)`, NV12=2 `(H * 3 / 2, W)`, YUYV=3 `(H, W, 2)`.
    `matrices` is `(N, 2, 3) float64`, from output to source continuous coordinates (pixel i has its centre at i + 0.5).
    `out` is `(N, C, H, W) float32`, C-contiguous, C 1 (luma) or 3; `mean`, `std`, `pad` are `(C,) float32` in 0..255.
    A value is the mean over the source area of its pixel; a pixel whose centre is outside the picture is `pad`.
    The GIL is released. Raises ValueError.
    """

def decode_ltrb(
    levels: Sequence[NDArray[np.float32]],
    strides: Sequence[int],
    picture: int,
    min_score: float,
    max_candidates: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes `(K, 4) float32` xyxy in input pixels and scores `(K,) float32`, best first, of an anchor-free detector.

    A level is `(N, 5, h, w) float32`: score logit, then left, top, right, bottom in strides from the cell's centre;
    `picture` is the row that is decoded.
    Ties keep the order of level, row, column. A cell is left out when a value is not finite or a distance reaches 1e9
    pixels. Raises ValueError.
    """

def place_hands(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    iou: float,
    max_keep: int,
    matrix: NDArray[np.float64],
    width: int,
    height: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes `(M, 4) float32` xyxy in pixels of a picture of `width` and `height`, and their rows `(M,) int64`.

    `boxes` is `(K, 4) float32` xyxy in pixels of the network's input, `scores` `(K,) float32`. Greedy suppression keeps
    at most `max_keep`, best first, ties in the order given: overlap with a kept box of more than `iou` drops a box. The
    others are moved by `matrix` `(2, 3) float64`, from input to picture, and cut at its border; those without area
    there are left out. Raises ValueError for values that are not finite and for boxes whose corners are swapped.
    """

def join_second_look(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    presence: NDArray[np.float32],
    trust: float,
    min_score: float,
    same: float,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows `(M,) int64` of the hands that stay after a second look, best first, and their scores `(M,) float32`.

    `boxes` is `(N, 4) float32` xyxy, `scores` and `presence` `(N,) float32`, 0 to 1. A score becomes the weighted
    geometric mean of both, `trust` the weight of presence. Left out are scores below `min_score`, and boxes that share
    more than `same` of the smaller one with a better one. Raises ValueError for shapes and values that are not so.
    """

def best_classes(logits: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Index `(N,) int64` of the largest of each row of `logits` `(N, C) float32`, and its softmax probability `(N,)`.

    Of equal logits the first counts. Raises ValueError for logits that are not finite.
    """

def probabilities_of(logits: NDArray[np.float32], index: int) -> NDArray[np.float32]:
    """Softmax probability `(N,) float32` of class `index` in each row of `logits` `(N, C) float32`.

    Raises ValueError for logits that are not finite, and for a class that they do not have.
    """

def locate_simcc(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    width: int,
    height: int,
    reach: float,
    matrices: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Place and score `(N, K, 3) float32` of K keypoints a hand from logits `(N, K, bins)` of each axis.

    The bins of `x` cover `width` pixels of the network's input, those of `y` its `height`; `matrices` `(N, 2, 3)` lead
    from there to the picture. A place is the mean of the softmax over the bins within `reach` pixels of the most
    probable one, its score the probability that both coordinates lie there. Raises ValueError for logits that are not
    finite.
    """

def mask_in_picture(
    logits: NDArray[np.float32], matrix: NDArray[np.float64], width: int, height: int
) -> tuple[int, int, NDArray[np.uint8]]:
    """Column and row of the first pixel of a mask in a picture of `width` and `height`, and its pixels, 1 or 0.

    `logits` is `(h, w) float32`; `matrix` `(2, 3) float64` leads from its cells, 1 x 1 each, to the picture, without
    rotation. The pixels `(rows, columns) uint8` are those whose centres the cells cover: 1 where the logit, bilinearly
    interpolated between the cells' middles, is 0 or more. The GIL is released. Raises ValueError.
    """

def available_kernels() -> list[str]:
    """Names of the instruction sets this processor can run the warp with, slowest first."""

def kernels_in_use() -> str:
    """The instruction set in use: the fastest, unless `use_kernels` named another."""

def use_kernels(name: str) -> None:
    """Run the warp with another instruction set from now on; results have the same bits. Raises ValueError."""

def render_hands(
    picture: NDArray[np.uint8],
    ids: NDArray[np.uint8],
    depth_mm: NDArray[np.float32],
    bones: NDArray[np.float32],
    hands: NDArray[np.float32],
    maps: Sequence[NDArray[np.uint8]],
    light: NDArray[np.float32],
    lens: NDArray[np.float32],
) -> None:
    """Draw hands over `picture` `(H, W, 3) uint8` BGR in place; far hands first, hidden pixels stay.

    `ids` `(H, W) uint8` gets n + 1 where hand n covers most of a pixel, 0 where its arm does; `depth_mm` `(H, W)`
    float32 holds the distance along the optical axis and is respected. Camera space: x right, y down, z away, in mm.
    `bones` `(P, 20)`, `hands` `(N, 36)` and `light` `(15,)` float32 have the columns of `edge.scene`; `maps` are
    N arrays `(4, 256, 256, 5) uint8`; `lens` is focal length, centre x, centre y in pixels. The GIL is released.
    Raises ValueError.
    """

def add_grain(picture: NDArray[np.uint8], sigma: float, seed: int) -> None:
    """Add sensor noise of standard deviation `sigma` to `picture` `(H, W, 3) uint8`, in place.

    The same `seed` (0 to 2**32 - 1) gives the same noise on every processor. The GIL is released. Raises ValueError.
    """

def run_kernel_twin(name: str, args: bytes) -> None:
    """Do on the processor what the CUDA kernel `name` does; `args` is its parameter, with pointers to host memory.

    The GIL is released. Raises ValueError for a name that no kernel has, and for a parameter of another size.
    """

def kernel_parameter_bytes() -> dict[str, int]:
    """Size in bytes of each CUDA kernel's parameter."""

def warp_axis(scale: float, origin: float, source_length: int) -> bytes:
    """One axis of an axis-aligned warp as the CUDA kernels have it: output o lies at `scale * o + origin`.

    Raises ValueError for more than they can hold.
    """
