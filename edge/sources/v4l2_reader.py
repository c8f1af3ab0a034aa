# SPDX-License-Identifier: Apache-2.0
"""`V4l2Reader`: pictures of a camera as its driver wrote them."""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress

from edge.frame import Pixels
from edge.sources.live_reader import Capture, FaultReason, ReaderError
from edge.sources.v4l2_buffers import LEAST_QUEUED, Allocate, BufferRing, Filled
from edge.sources.v4l2_calls import (
    FIELD_NONE,
    S_FMT,
    S_PARM,
    STREAMOFF,
    STREAMON,
    VIDEO_CAPTURE,
    fourcc_letters,
    fourcc_number,
)
from edge.sources.v4l2_controls import set_controls
from edge.sources.v4l2_device import V4l2Device
from edge.sources.v4l2_modes import Mode, choose_mode
from edge.sources.v4l2_pixels import PixelLayout, decode_jpeg
from edge.sources.v4l2_settings import V4l2Settings

_OLDEST_NS = 60 * 10**9
"""A driver's time that is older, or lies ahead, is not believed."""


class V4l2Reader:
    """An open camera that streams; raw pictures are views of the driver's buffers, `allocate` may give those.

    Attributes:
        fps: frames a second, as the driver says.
        mode: what was chosen of the camera's modes.
        layout: how its pictures lie in memory.
        into_given: whether the driver writes into the memory of `allocate`.
        dropped: pictures that were lost here, by cause.

    Raises:
        ReaderError: the camera is absent, busy, closed to this user, or refuses a setting.
    """

    def __init__(self, settings: V4l2Settings, *, allocate: Allocate | None = None) -> None:
        self._settings = settings
        self._dropped: Counter[str] = Counter()
        self._reading, self._closing, self._closed = threading.Lock(), threading.Lock(), False
        self._sequence: int | None = None
        self._latest_ns = 0
        with ExitStack() as opened:
            self._device = V4l2Device(settings.device)
            opened.callback(self._device.close)
            self.mode = choose_mode(self._device, settings.width_px, settings.height_px, settings.fps)
            self.layout, size_bytes = _set_format(self._device, self.mode)
            self.fps: float | None = _set_rate(self._device, self.mode)
            set_controls(self._device, settings.controls)
            self._ring = BufferRing(self._device, size_bytes=size_bytes, allocate=allocate)
            opened.callback(self._ring.close)
            self._device.order(STREAMON, VIDEO_CAPTURE)
            opened.callback(self._stop)
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            opened.callback(os.close, self._wake)
            self._poll = select.poll()
            self._poll.register(self._device.descriptor, select.POLLIN)
            self._poll.register(self._wake, select.POLLIN)
            self._opened = opened.pop_all()

    @property
    def into_given(self) -> bool:
        """Whether pictures lie in the caller's memory."""
        return self._ring.into_given

    @property
    def dropped(self) -> Mapping[str, int]:
        """Pictures lost so far, by cause."""
        return dict(self._dropped)

    def read(self, timeout_s: float) -> Capture:
        """Return the newest picture, waiting for one. Raises `ReaderError`."""
        deadline_s = time.monotonic() + timeout_s
        truncated = self._dropped["truncated"]
        with self._reading:
            while True:
                if self._closed:
                    raise ReaderError(f"camera {self._device.name} was closed", reason=FaultReason.ended)
                self._ring.reclaim()
                filled = self._newest()
                capture = None if filled is None else self._capture(filled)
                if capture is not None:
                    return capture
                if not self._wait(deadline_s):
                    raise self._nothing(timeout_s, damaged=self._dropped["truncated"] - truncated)

    def close(self) -> None:
        """Stop the camera and let go of it; a `read` in another thread ends, pixels that are held stay valid."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            os.eventfd_write(self._wake, 1)
            with self._reading:
                self._opened.close()

    def _newest(self) -> Filled | None:
        newest = None
        while (filled := self._ring.take()) is not None:
            self._count_lost(filled.sequence)
            if filled.damaged:
                self._pass_over(filled)
                continue
            if newest is not None:
                self._ring.give_back(newest.buffer)
                self._dropped["newer frame came"] += 1
            newest = filled
        return newest

    def _capture(self, filled: Filled) -> Capture | None:
        """Return the picture in a buffer; None, and the buffer given back, when it is not whole."""
        time_ns = self._time_ns(filled)
        pixels = None
        if self.layout.compressed:
            pixels = self._decoded(filled)
        elif self.layout.is_whole(filled.used_bytes):
            if self._ring.queued >= LEAST_QUEUED:
                return Capture(self.layout.pixels(self._ring.lend(filled.buffer)), self.layout.pixel_format, time_ns)
            pixels = self.layout.pixels(self._ring.view(filled.buffer)).copy()
        if pixels is None:
            self._pass_over(filled)
            return None
        self._ring.give_back(filled.buffer)
        return Capture(pixels, self.layout.pixel_format, time_ns)

    def _decoded(self, filled: Filled) -> Pixels | None:
        return decode_jpeg(
            self._ring.view(filled.buffer)[: filled.used_bytes],
            least_wh=(self._settings.width_px, self._settings.height_px),
            full_wh=(self.layout.width_px, self.layout.height_px),
        )

    def _pass_over(self, filled: Filled) -> None:
        self._dropped["truncated"] += 1
        self._ring.give_back(filled.buffer)

    def _count_lost(self, sequence: int) -> None:
        if self._sequence is not None and sequence > self._sequence + 1:
            self._dropped["the driver had no buffer"] += sequence - self._sequence - 1
        self._sequence = sequence

    def _time_ns(self, filled: Filled) -> int:
        now_ns = time.monotonic_ns()
        told_ns = filled.time_ns
        believed = told_ns is not None and self._latest_ns < told_ns <= now_ns and told_ns > now_ns - _OLDEST_NS
        self._latest_ns = told_ns if told_ns is not None and believed else now_ns
        return self._latest_ns

    def _wait(self, deadline_s: float) -> bool:
        """Wait until the driver has a picture; False when none came in time. Raises `ReaderError` for a lost camera."""
        left_ms = max(0, math.ceil((deadline_s - time.monotonic()) * 1000))
        ready = dict(self._poll.poll(left_ms))
        if ready.get(self._device.descriptor, 0) & ~select.POLLIN:
            self._ring.take()  # says more exactly what it is
            raise self._device.removed()
        return bool(ready) and left_ms > 0

    def _nothing(self, timeout_s: float, *, damaged: int) -> ReaderError:
        if damaged:
            return ReaderError(
                f"camera {self._device.name} delivered {damaged} damaged pictures and no whole one for {timeout_s:g} s;"
                " check its cable, and connect it without a hub",
                reason=FaultReason.truncated,
            )
        return ReaderError(
            f"camera {self._device.name} delivered no frame for {timeout_s:g} s; check its cable and power",
            reason=FaultReason.timeout,
        )

    def _stop(self) -> None:
        with suppress(ReaderError):
            self._device.order(STREAMOFF, VIDEO_CAPTURE)


def _set_format(device: V4l2Device, mode: Mode) -> tuple[PixelLayout, int]:
    """Return how pictures lie in a buffer and how large it must be. Raises `ReaderError`."""
    asked = (mode.width_px, mode.height_px, fourcc_number(mode.fourcc), FIELD_NONE)
    _, width, height, number, _, stride, size_bytes, *_ = device.order(S_FMT, VIDEO_CAPTURE, *asked, *[0] * 8)
    fourcc = fourcc_letters(number)
    if fourcc != mode.fourcc:
        raise ReaderError(
            f"camera {device.name} offered {mode} but gives {fourcc} {width}x{height}; ask for another size",
            reason=FaultReason.settings,
        )
    return PixelLayout(fourcc, width, height, stride), size_bytes


def _set_rate(device: V4l2Device, mode: Mode) -> float | None:
    if mode.fps is None:
        return None
    answer = device.ask(S_PARM, VIDEO_CAPTURE, 0, 0, mode.fps.denominator, mode.fps.numerator, 0, 0)
    if answer is None or not answer[3] or not answer[4]:
        return float(mode.fps)
    return float(answer[4] / answer[3])
