# SPDX-License-Identifier: Apache-2.0
"""Frame to network input: ours against the usual chain of OpenCV and numpy calls, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.comparison import Comparison, in_turns
from edge.frame import Frame, PixelFormat
from edge.preprocess import InputContract, Preprocessor

FRAME_HW = (720, 1280)
CALLS_A_ROUND = 50
# What the chain makes is always square; a contract with a multiple would let us write less.
CONTRACT = InputContract(
    fit="letterbox",
    width_px=320,
    height_px=320,
    mean=(123.7, 116.3, 103.5),
    std=(58.4, 57.1, 57.4),
    pad=(114.0, 114.0, 114.0),
)


def compare_preprocessing(*, rounds: int) -> Comparison:
    """Compare milliseconds a 1280x720 BGR frame into a (3, 320, 320) float32 RGB tensor."""
    bgr = np.random.default_rng(0).integers(0, 256, (*FRAME_HW, 3), np.uint8)
    frame = Frame(pixels=bgr, pixel_format=PixelFormat.BGR, time_ns=0, index=0, source="memory")
    preprocessor = Preprocessor(CONTRACT, threads=1)
    out = np.empty((3, *preprocessor.tensor_hw(frame.width_px, frame.height_px)), np.float32)
    cv2.setNumThreads(1)
    return in_turns(
        "preprocessing 1280x720 to 320, one thread",
        ours=("edge", lambda: _ms_a_call(lambda: preprocessor.write_frame(frame, out))),
        theirs=(
            "cv2.resize, copyMakeBorder, cvtColor, numpy normalise and transpose",
            lambda: _ms_a_call(lambda: tensor_by_opencv(bgr, out.shape[1], out.shape[2])),
        ),
        unit="ms",
        rounds=rounds,
    )


def tensor_by_opencv(bgr: npt.NDArray[np.uint8], height_px: int, width_px: int) -> npt.NDArray[np.float32]:
    """Return the (3, height_px, width_px) float32 RGB letterbox of `bgr` (H, W, 3) uint8."""
    scale = min(width_px / bgr.shape[1], height_px / bgr.shape[0])
    resized = cv2.resize(bgr, (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale)))
    left, top = (width_px - resized.shape[1]) // 2, (height_px - resized.shape[0]) // 2
    right, bottom = width_px - resized.shape[1] - left, height_px - resized.shape[0] - top
    pad = CONTRACT.pad
    padded = cv2.copyMakeBorder(resized, top, bottom, left, right, cv2.BORDER_CONSTANT, value=pad)
    rgb = cv2.cvtColor(padded, cv2.COLOR_BGR2RGB)
    normalised = (rgb.astype(np.float32) - np.array(CONTRACT.mean, np.float32)) / np.array(CONTRACT.std, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def _ms_a_call(call: Callable[[], object]) -> float:
    begin_ns = time.thread_time_ns()  # of this thread: what else the machine does counts for neither
    for _ in range(CALLS_A_ROUND):
        call()
    return (time.thread_time_ns() - begin_ns) / 1e6 / CALLS_A_ROUND
