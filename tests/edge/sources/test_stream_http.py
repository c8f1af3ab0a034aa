# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.soak.mjpeg_server import MjpegServer
from edge.frame import PixelFormat
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.stream import stream_from_uri
from edge.sources.supervision import Patience, SourceState
from tests.edge.sources.scripted_reader import wait_until

HASTY = Patience(open_s=2.0, first_frame_s=2.0, stall_s=0.5, backoff_s=(0.1, 0.2))
PICTURES = [np.full((48, 64, 3), (0, shade, 255 - shade), np.uint8) for shade in range(0, 250, 10)]


def test_motion_jpeg_is_read_cut_and_found_again() -> None:
    with MjpegServer(PICTURES, fps=50) as server, stream_from_uri(server.address, patience=HASTY) as source:
        frames = source.frames()
        seen = [next(frames) for _ in range(5)]
        assert {(frame.pixel_format, frame.width_px, frame.height_px) for frame in seen} == {(PixelFormat.BGR, 64, 48)}
        blue, green, red = seen[-1].pixels.reshape(-1, 3).mean(axis=0)
        assert (blue < 12, abs(green + red - 255) < 16) == (True, True)
        server.cuts.set()
        wait_until(lambda: source.status.state is not SourceState.live)
        server.cuts.clear()
        wait_until(lambda: source.status.state is SourceState.live)
        server.sends.clear()
        begin_s = time.monotonic()
        wait_until(lambda: source.status.state is not SourceState.live)
        assert time.monotonic() - begin_s < HASTY.stall_s + 1
        server.sends.set()
        wait_until(lambda: source.status.state is SourceState.live)
        assert next(frames).index > seen[-1].index
        assert sum(source.status.reconnects.values()) == 2


def test_page_that_is_not_there_is_told() -> None:
    with MjpegServer(PICTURES, fps=50) as server, pytest.raises(ReaderError, match="no stream of that name") as caught:
        stream_from_uri(server.address + "r", patience=HASTY)
    assert caught.value.reason is FaultReason.not_found
