# SPDX-License-Identifier: Apache-2.0
"""A device whose pictures and faults come when the test says so."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import numpy as np

from edge.frame import PixelFormat
from edge.sources.live_reader import Capture, FaultReason, ReaderError


class Device:
    """Makes readers, counts them, and never lets two be open at the same time.

    Put a picture's number, a fault or any exception into `script`, for whichever reader is open then.
    """

    def __init__(self, *, every_s: float | None = None) -> None:
        self.script: queue.Queue[int | Exception] = queue.Queue()
        self.on_open: Callable[[], None] = lambda: None
        self.opened = self.open_now = self.most_open = self.closed = 0
        self.every_s = every_s
        self.is_cut = False

    def cut(self) -> None:
        """Have every read fail."""
        self.is_cut = True

    def show(self, *numbers: int) -> None:
        """Have pictures captured."""
        for number in numbers:
            self.script.put(number)

    def fail(self, reason: FaultReason) -> None:
        """Have a read fail."""
        self.script.put(ReaderError(f"cam failed: {reason.value}", reason=reason))

    def open(self) -> ScriptedReader:
        """Return a reader."""
        self.on_open()
        self.opened += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        return ScriptedReader(self)


class ScriptedReader:
    """One handle of a device."""

    fps: float | None = 30.0

    def __init__(self, device: Device) -> None:
        self._device = device
        self._is_open = True
        self._number = 0

    def read(self, timeout_s: float) -> Capture:
        """Wait for the script, or for the interval."""
        if self._device.every_s is not None:
            time.sleep(self._device.every_s)
            if self._device.is_cut:
                raise ReaderError("cam was removed", reason=FaultReason.removed)
            self._number += 1
            return capture_of(self._number)
        deadline_s = time.monotonic() + timeout_s
        while self._is_open and time.monotonic() < deadline_s:
            try:
                item = self._device.script.get(timeout=0.01)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise item
            return capture_of(item)
        raise ReaderError("cam delivered nothing", reason=FaultReason.timeout)

    def close(self) -> None:
        """Note it."""
        if self._is_open:
            self._is_open = False
            self._device.open_now -= 1
            self._device.closed += 1


def capture_of(number: int) -> Capture:
    """Return a picture of that number, captured now."""
    return Capture(np.full((4, 4, 3), number % 256, np.uint8), PixelFormat.BGR, time.monotonic_ns())


def wait_until(condition: Callable[[], bool], *, within_s: float = 10) -> None:
    """Wait for a condition, or fail."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)
