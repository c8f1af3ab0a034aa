# SPDX-License-Identifier: Apache-2.0
"""A detector that reads the number of a frame out of its pixels, and frames that carry their number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frame import Frame
from edge.results import FrameResult
from edge.runners import FakeRunner
from edge.sinks import Sink
from edge.sources.arrays import ArraySource
from edge.tasks import HandDetector
from tests.edge.bundles import STRIDES_PX, detector_contract

SIDE_PX = 96
MOST_FRAMES = 144


def numbered_frame(number: int) -> NDArray[np.uint8]:
    """Return a picture whose every pixel is `number`."""
    return np.full((SIDE_PX, SIDE_PX, 3), number, np.uint8)


def number_of(result: FrameResult) -> int:
    """Return the number that the detector read: it puts its one hand into the cell of that number."""
    (hand,) = result.hands
    x, y = (float(hand.box_xyxy[0] + hand.box_xyxy[2]) / 2, float(hand.box_xyxy[1] + hand.box_xyxy[3]) / 2)
    return int(y // 8) * (SIDE_PX // 8) + int(x // 8)


def numbered_detector(on_frame: Callable[[int], None] = lambda _: None) -> HandDetector:
    """Return a detector that calls `on_frame` with each number it reads, in its lane's thread."""
    contract = detector_contract()

    def answer(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        number = round(float(inputs["image"].mean()) * 64 + 127.5)
        on_frame(number)
        side = {stride: SIDE_PX // stride for stride in STRIDES_PX}
        levels = {f"level_{s}": np.full((1, 5, side[s], side[s]), -9, np.float32) for s in STRIDES_PX}
        row, column = divmod(number, side[8])
        levels["level_8"][0, :, row, column] = (4, 0.25, 0.25, 0.25, 0.25)
        return levels

    outputs = tuple(output.spec() for output in contract.outputs)
    return HandDetector(contract, FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=answer))


class NumberedSource(ArraySource):
    """Numbered frames; counts how many were asked for, and can be live or fail at a frame."""

    def __init__(self, count: int, *, live: bool = False, fail_at: int | None = None) -> None:
        super().__init__([numbered_frame(number) for number in range(count)], name="numbered")
        self.live = live
        self.asked = 0
        self.closed = False
        self._fail_at = fail_at

    def frames(self) -> Iterator[Frame]:
        """Yield the frames."""
        for frame in super().frames():
            if self.asked == self._fail_at:
                raise RuntimeError("the tape broke")
            self.asked += 1
            yield frame

    def close(self) -> None:
        """Note it."""
        self.closed = True


class RecordingSink(Sink):
    """Keeps what it was given; `on_write` may delay or raise."""

    name = "recording"

    def __init__(self, on_write: Callable[[int], None] = lambda _: None) -> None:
        self.frames: list[Frame] = []
        self.closed = False
        self._on_write = on_write

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Keep one frame."""
        self._on_write(result.frame)
        self.frames.append(frame)

    def close(self) -> None:
        """Note it."""
        self.closed = True


def threads_left(before: set[threading.Thread], *, within_s: float = 10.0) -> set[threading.Thread]:
    """Return the threads that were not there before and do not end in time."""
    deadline_s = time.monotonic() + within_s
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline_s:
        time.sleep(0.005)
    return left
