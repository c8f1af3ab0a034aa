# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edge.errors import CameraError, UsageError
from edge.frame import Frame, PixelFormat
from edge.sources import open_source
from edge.sources.camera import CameraSource
from edge.sources.live_reader import Capture, FaultReason, ReaderError


class ScriptedReader:
    """A device whose pictures come when the test says so; stands for V4L2 hardware."""

    def __init__(self, *, pictures: int = 1_000_000, every_s: float = 0.0) -> None:
        self.fps: float | None = 30.0
        self.closed = threading.Event()
        self.released = threading.Semaphore(0)
        self.reads = 0
        self._pictures = pictures
        self._every_s = every_s

    def read(self, timeout_s: float) -> Capture:
        """Wait for the test, or the interval."""
        if self._every_s:
            time.sleep(self._every_s)
        else:
            self.released.acquire(timeout=max(timeout_s, 10))
        self.reads += 1
        if self.reads > self._pictures:
            raise ReaderError("cam stopped delivering", reason=FaultReason.removed)
        return Capture(np.full((4, 4, 3), self.reads % 256, np.uint8), PixelFormat.BGR, time.monotonic_ns())

    def close(self) -> None:
        """Note it."""
        self.closed.set()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)


@pytest.fixture
def reader() -> Iterator[ScriptedReader]:
    made = ScriptedReader()
    yield made
    made.released.release(100)


def test_newest_frame_is_yielded_and_the_others_are_counted(reader: ScriptedReader) -> None:
    with CameraSource("cam", lambda: reader) as camera:
        frames = camera.frames()
        reader.released.release()
        assert next(frames).index == 0
        reader.released.release(5)
        wait_until(lambda: camera._newest is not None and camera._newest.index == 5)
        frame = next(frames)
        assert (frame.index, int(frame.pixels[0, 0, 0])) == (5, 6)
        assert camera.dropped == {"newer frame came": 4}
        reader.released.release()
    assert reader.closed.wait(10)


def test_no_frame_is_yielded_twice(reader: ScriptedReader) -> None:
    with CameraSource("cam", lambda: reader, read_timeout_s=0.1) as camera:
        frames = camera.frames()
        reader.released.release()
        next(frames)
        with pytest.raises(CameraError, match=r"cam delivered no frame for 0\.1 s"):
            next(frames)
        reader.released.release()


def test_times_are_monotonic_and_rise() -> None:
    reader = ScriptedReader(every_s=0.001)
    with CameraSource("cam", lambda: reader) as camera:
        frames = camera.frames()
        before_ns = time.monotonic_ns()
        times_ns = [next(frames).time_ns for _ in range(20)]
    assert times_ns == sorted(set(times_ns))
    assert before_ns - 1e9 < times_ns[0] <= times_ns[-1] <= time.monotonic_ns()


def test_camera_that_stops_is_told() -> None:
    reader = ScriptedReader(pictures=3, every_s=0.001)
    with CameraSource("cam", lambda: reader) as camera, pytest.raises(CameraError, match="cam stopped delivering"):
        list(camera.frames())
    assert reader.closed.is_set()


def test_camera_that_cannot_be_opened_raises_at_once() -> None:
    def refuse() -> ScriptedReader:
        raise CameraError("camera /dev/video9 is busy")

    with pytest.raises(CameraError, match="is busy"):
        CameraSource("cam", refuse)


def test_camera_that_hangs_while_opening_is_told(reader: ScriptedReader) -> None:
    gate = threading.Event()

    def hang() -> ScriptedReader:
        gate.wait(30)
        return reader

    with pytest.raises(CameraError, match=r"did not open within 0\.1 s"):
        CameraSource("cam", hang, open_timeout_s=0.1)
    gate.set()
    assert reader.closed.wait(10), "a device that opens too late must be let go"


def test_closing_ends_a_waiting_reader_without_an_error(reader: ScriptedReader) -> None:
    camera = CameraSource("cam", lambda: reader, read_timeout_s=30)
    seen: list[Frame] = []
    waiting = threading.Thread(target=lambda: seen.extend(camera.frames()))
    waiting.start()
    closer = threading.Thread(target=camera.close)
    closer.start()
    waiting.join(10)
    assert not waiting.is_alive()
    assert seen == []
    reader.released.release()
    closer.join(10)
    assert not closer.is_alive()


@pytest.mark.parametrize("uri", ["v4l2:", "v4l2:video0", "v4l2:/dev/video0?widht=640", "v4l2:/dev/video0?fps=0"])
def test_wrong_camera_name_is_a_usage_error(uri: str) -> None:
    with pytest.raises(UsageError):
        open_source(uri)


def test_absent_camera_says_what_there_is() -> None:
    with pytest.raises(CameraError, match=r"camera /dev/video987 is absent; .*(cameras of this machine|test:hands)"):
        open_source("v4l2:/dev/video987")


def test_device_that_is_no_camera_is_told() -> None:
    with pytest.raises(CameraError, match="/dev/zero is not a camera"):
        open_source("/dev/zero")
