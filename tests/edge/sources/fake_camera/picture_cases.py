# SPDX-License-Identifier: Apache-2.0
"""What `V4l2Reader` delivers, for a process into which the fake driver is preloaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from edge.frame import Frame, PixelFormat, Pixels
from edge.gpu.frame_slot import MappedFrames
from edge.gpu.recording import RecordingGpu
from edge.preprocess import InputContract, Preprocessor
from edge.scene import Scene
from edge.sources.live_reader import FaultReason
from edge.sources.v4l2_buffers import BUFFERS, LEAST_QUEUED
from edge.sources.v4l2_reader import V4l2Reader
from edge.sources.v4l2_settings import V4l2Settings
from tests.edge.sources.fake_camera.camera import (
    FakeCamera,
    FakeMode,
    jpeg_from_bgr,
    nv12_from_bgr,
    yuyv_from_bgr,
)
from tests.edge.sources.fake_camera.opening import WH, fault_of, grey, opened


def hands(width_px: int, height_px: int) -> Pixels:
    """Return rendered hands, softened, for half of the colours is lost on the way through YUV."""
    return cv2.GaussianBlur(Scene(width_px, height_px).render(0).bgr, (0, 0), 3).astype(np.uint8)


def bgr(pixels: Pixels, pixel_format: PixelFormat) -> Pixels:
    """Return pixels as the network's preprocessing reads them, back as uint8 BGR."""
    contract = InputContract(
        width_px=WH[0], height_px=WH[1], fit="stretch", colour="bgr", mean=(0,) * 3, std=(1,) * 3, pad=(0,) * 3
    )
    out = np.empty((3, WH[1], WH[0]), np.float32)
    Preprocessor(contract).write_frame(Frame(pixels, pixel_format, 0, 0, "x"), out)
    return out.transpose(1, 2, 0).clip(0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("fourcc", ["NV12", "YUYV", "UYVY", "BGR3", "RGB3", "MJPG"])
def test_each_format_becomes_the_picture_that_was_before_the_camera(node: Path, fourcc: str) -> None:
    picture = hands(*WH)
    encoders: dict[str, Callable[[Pixels], bytes]] = {
        "NV12": nv12_from_bgr,
        "YUYV": yuyv_from_bgr,
        "UYVY": lambda one: np.frombuffer(yuyv_from_bgr(one), np.uint8).reshape(-1, 2)[:, ::-1].tobytes(),
        "BGR3": lambda one: one.tobytes(),
        "RGB3": lambda one: one[..., ::-1].tobytes(),
        "MJPG": lambda one: jpeg_from_bgr(one) + bytes(100),
    }
    encoded = encoders[fourcc](picture)
    FakeCamera(node, [FakeMode(fourcc, WH, [encoded])])
    with closing(opened(node)) as reader:
        capture = reader.read(2)
    assert reader.fps == 100
    seen = bgr(capture.pixels, capture.pixel_format)
    assert np.abs(seen.astype(int) - picture).mean() < 4


def test_rows_with_gaps_are_read_as_they_lie(node: Path) -> None:
    rows = np.arange(WH[1], dtype=np.uint8)[:, None]
    padded = np.concatenate([np.repeat(rows, WH[0], 1), np.full((WH[1], 32), 255, np.uint8)], 1)
    FakeCamera(node, [FakeMode("GREY", WH, [padded.tobytes()], stride=WH[0] + 32)])
    with closing(opened(node)) as reader:
        pixels = reader.read(2).pixels
    assert pixels.strides == (WH[0] + 32, 1)
    assert (pixels == rows).all()


def test_held_pixels_are_never_written_again(node: Path) -> None:
    FakeCamera(node, [FakeMode("GREY", WH, grey(*range(1, 60)), fps=500)])
    with closing(opened(node, fps=500)) as reader:
        held = [reader.read(2) for _ in range(BUFFERS * 3)]
        levels = [int(one.pixels[0, 0]) for one in held]
        for _ in range(30):
            reader.read(2)
        assert all((one.pixels == level).all() for one, level in zip(held, levels, strict=True))
        lent = sum(not one.pixels.flags.owndata for one in held)
        assert reader._ring.queued >= LEAST_QUEUED
    times_ns = [one.time_ns for one in held]
    assert times_ns == sorted(set(times_ns))
    assert BUFFERS - LEAST_QUEUED <= lent <= BUFFERS
    assert all((one.pixels == level).all() for one, level in zip(held, levels, strict=True)), "outlive the camera"


def test_buffers_come_back_when_their_pixels_are_let_go_and_none_is_copied(node: Path) -> None:
    FakeCamera(node, [FakeMode("GREY", WH, grey(1, 2), fps=500)])
    with closing(opened(node, fps=500)) as reader:
        addresses = set()
        for _ in range(40):
            row = reader.read(2).pixels[3:4]
            assert row.base is not None
            addresses.add(row.ctypes.data)
    assert len(addresses) <= BUFFERS


def test_times_are_the_drivers_where_its_clock_is_the_monotonic_one(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1), fps=50)])
    with closing(opened(node)) as reader:
        first_ns, second_ns = (reader.read(2).time_ns for _ in range(2))
        assert second_ns - first_ns == pytest.approx(20e6, abs=1e4)
        camera.timestamps = 0
        reader.read(2)
        before_ns = time.monotonic_ns()
        assert reader.read(2).time_ns >= before_ns


def test_newest_picture_is_read_and_those_before_it_are_counted(node: Path) -> None:
    FakeCamera(node, [FakeMode("GREY", WH, grey(*range(200)), fps=200)])
    with closing(opened(node, fps=200)) as reader:
        reader.read(2)
        time.sleep(0.1)
        reader.read(2)
        reader.read(2)  # its number says how many the driver lost before it
        lost = reader.dropped
        assert lost["newer frame came"] >= 2
        assert sum(lost.values()) >= 15


def test_damaged_and_cut_pictures_are_passed_over(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("YUYV", WH, [bytes(WH[0] * WH[1] * 2)])])
    camera.damaged, camera.cut = 2, 4
    with closing(opened(node)) as reader:
        reader.read(2)
        assert reader.dropped["truncated"] == 4
        camera.damaged = 1_000_000
        time.sleep(0.03)
        fault = fault_of(reader, timeout_s=0.1)
    assert (fault.reason, "damaged pictures and no whole one for 0.1 s" in str(fault)) == (FaultReason.truncated, True)


def test_cut_jpeg_is_passed_over_and_a_large_one_is_decoded_small(node: Path) -> None:
    large = hands(WH[0] * 4, WH[1] * 4)
    camera = FakeCamera(node, [FakeMode("MJPG", (WH[0] * 4, WH[1] * 4), [jpeg_from_bgr(large)])])
    camera.cut = 3
    with closing(opened(node)) as reader:
        capture = reader.read(2)
        assert reader.dropped["truncated"] == 3
    assert capture.pixels.shape == (WH[1], WH[0], 3)
    small = cv2.resize(large, WH, interpolation=cv2.INTER_AREA)
    assert np.abs(capture.pixels.astype(int) - small).mean() < 4


def test_rate_comes_first_then_the_size_then_what_needs_no_decoding(node: Path) -> None:
    def mode(fourcc: str, width: int, height: int, fps: int) -> FakeMode:
        return FakeMode(fourcc, (width, height), [jpeg_from_bgr(np.zeros((height, width, 3), np.uint8)) * 2], fps=fps)

    offered = [
        mode("MJPG", 1280, 720, 30),
        mode("YUYV", 1280, 720, 10),
        mode("YUYV", 640, 480, 30),
        mode("GREY", 640, 480, 60),
    ]
    FakeCamera(node, offered)
    for wh, fps, expected in (
        ((1280, 720), 30, "MJPG 1280x720 at 30 fps"),
        ((1280, 720), 10, "YUYV 1280x720 at 10 fps"),
        ((640, 480), 30, "YUYV 640x480 at 30 fps"),
        ((1280, 720), 60, "GREY 640x480 at 60 fps"),
        ((1280, 720), 90, "GREY 640x480 at 60 fps"),
    ):
        with closing(opened(node, wh=wh, fps=fps)) as reader:
            assert str(reader.mode) == expected


@pytest.mark.parametrize("refused", [False, True])
def test_pictures_are_captured_into_memory_that_the_gpu_reads(node: Path, refused: bool) -> None:
    FakeCamera(node, [FakeMode("GREY", (256, 128), grey(*range(50), wh=(256, 128)))]).refuses_userptr = int(refused)
    made: list[MappedFrames] = []

    def allocate(size_bytes: int) -> tuple[Pixels, ...]:
        made.append(MappedFrames(RecordingGpu(), count=4, size_bytes=size_bytes))
        return made[0].arrays

    with closing(V4l2Reader(V4l2Settings(node, width_px=256, height_px=128), allocate=allocate)) as reader:
        captures = [reader.read(2) for _ in range(2)]
        in_place = [made[0].address_of(one.pixels) is not None for one in captures]
        assert in_place == [not refused] * 2
        assert reader.into_given is not refused
        levels = [int(one.pixels[0, 0]) for one in captures]
        assert all((one.pixels == level).all() for one, level in zip(captures, levels, strict=True))


def test_memory_to_capture_into_must_be_large_enough(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    with pytest.raises(UsageError, match="must be 20480 bytes without gaps, got 100"):
        V4l2Reader(V4l2Settings(node), allocate=lambda _: [np.empty(100, np.uint8)] * 4)
    assert camera.opened == 0
