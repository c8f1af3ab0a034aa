# SPDX-License-Identifier: Apache-2.0
"""What becomes of faults and settings, for a process into which the fake driver is preloaded."""

from __future__ import annotations

import errno
import gc
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from edge.doctor.cameras import examine_cameras
from edge.doctor.finding import Finding
from edge.sources.live import LiveSource
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.supervision import Patience
from edge.sources.v4l2_calls import DQBUF, QBUF, REQBUFS, S_FMT, STREAMON, Call
from edge.sources.v4l2_reader import V4l2Reader
from edge.sources.v4l2_settings import V4l2Settings
from tests.edge.sources.fake_camera.camera import (
    FAILS_OPEN,
    FakeCamera,
    FakeControl,
    FakeMode,
)
from tests.edge.sources.fake_camera.opening import WH, fault_of, grey, opened


def test_camera_with_no_format_that_can_be_read_is_told(node: Path) -> None:
    FakeCamera(node, [FakeMode("RG10", WH, [b"1"])])
    with pytest.raises(ReaderError, match=r"only RG10; .*csi:0") as caught:
        opened(node)
    assert caught.value.reason is FaultReason.codec


CONTROLS = [
    FakeControl(0x00980913, "Gain", 0, 100),
    FakeControl(0x00980918, "Power Line Frequency", 0, 2, kind=3),
    FakeControl(0x009A0901, "Auto Exposure", 0, 3, kind=3),
    FakeControl(0x009A0902, "Exposure Time, Absolute", 3, 2047),
]


def test_controls_are_set_by_option_and_by_the_drivers_name(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))], controls=CONTROLS)
    settings = V4l2Settings.from_uri(f"v4l2:{node}?width=160&height=120&exposure_ms=12.5&power_line_hz=50&gain=7")
    V4l2Reader(settings).close()
    assert [camera.control_value(index) for index in range(4)] == [7, 1, 1, 125]
    opened(node, controls={"exposure_time_absolute": 40}).close()
    assert camera.control_value(3) == 40


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"gain": 101}, r"gain of camera .* must be from 0 to 100, got 101"),
        ({"exposure_ms": 300}, r"must be from 0\.3 to 204\.7, got 300"),
        ({"power_line_hz": 40}, r"must be 50, 60 or 0 for neither, got 40"),
        ({"auto_exposur": 1}, r"has no control auto_exposur; did you mean auto_exposure\?"),
        ({"focus": 1}, r"has no control focus; it has auto_exposure, exposure_time_absolute, gain, power_line"),
    ],
)
def test_control_that_cannot_be_set_is_told(node: Path, wanted: dict[str, float], told: str) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))], controls=CONTROLS)
    with pytest.raises(ReaderError, match=told) as caught:
        opened(node, controls=wanted)
    assert caught.value.reason is FaultReason.settings
    assert camera.opened == 0


@pytest.mark.parametrize(
    ("call", "number", "reason"),
    [
        (None, errno.ENODEV, FaultReason.removed),
        (None, errno.EACCES, FaultReason.permission),
        (None, errno.EBUSY, FaultReason.busy),
        (S_FMT, errno.EBUSY, FaultReason.busy),
        (S_FMT, errno.EINVAL, FaultReason.settings),
        (REQBUFS, errno.EBUSY, FaultReason.busy),
        (STREAMON, errno.ENOSPC, FaultReason.settings),
        (STREAMON, errno.EIO, FaultReason.connection),
        (QBUF, errno.ENODEV, FaultReason.removed),
    ],
)
def test_fault_while_opening_has_its_reason_and_lets_go(
    node: Path, call: Call | None, number: int, reason: FaultReason
) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    camera.failing_call = FAILS_OPEN if call is None else call.number & 0xFF
    camera.failing_errno = number
    with pytest.raises(ReaderError) as caught:
        opened(node)
    assert caught.value.reason is reason
    assert (camera.opened, camera.streaming) == (0, 0)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.ENOTTY])
def test_fault_while_streaming_has_its_reason(node: Path, number: int) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    with closing(opened(node)) as reader:
        reader.read(2)
        camera.failing_call, camera.failing_errno = (QBUF if number == errno.ENOTTY else DQBUF).number & 0xFF, number
        reason = fault_of(reader).reason
    assert reason is (FaultReason.connection if number == errno.EIO else FaultReason.removed)
    assert camera.opened == 0


def test_stall_is_a_timeout_and_a_pulled_cable_a_removal(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    with closing(opened(node)) as reader:
        reader.read(2)
        camera.stalled = 1
        stalled = fault_of(reader, timeout_s=0.1)
        camera.unplug()
        begin_s = time.monotonic()
        removed = fault_of(reader, timeout_s=5)
        assert time.monotonic() - begin_s < 2
    assert (stalled.reason, removed.reason) == (FaultReason.timeout, FaultReason.removed)
    assert "delivered no frame for 0.1 s" in str(stalled)
    assert "was removed; plug it in again" in str(removed)


def test_close_from_another_thread_ends_a_read(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    camera.stalled = 1
    reader = opened(node)
    closer = threading.Timer(0.1, reader.close)
    closer.start()
    with pytest.raises(ReaderError, match="was closed"):
        reader.read(30)
    closer.join(5)
    reader.close()
    assert camera.opened == 0
    with pytest.raises(ReaderError, match="was closed"):
        reader.read(1)


def test_second_user_of_a_camera_is_refused_and_it_is_free_while_pixels_are_held(node: Path) -> None:
    FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    with closing(opened(node)) as reader:
        with pytest.raises(ReaderError) as caught:
            opened(node)
        held = reader.read(2)
    assert caught.value.reason is FaultReason.busy
    with closing(opened(node)) as reader:
        reader.read(2)
    assert (held.pixels == 1).all()


def test_camera_unplugged_and_plugged_100_times_is_found_by_its_link_and_leaks_nothing(node: Path) -> None:
    camera = FakeCamera(node, [FakeMode("GREY", WH, grey(1), fps=1000)])
    link = node.parent / "usb-camera-index0"
    link.unlink(missing_ok=True)
    link.symlink_to(node.name)
    patience = Patience(backoff_s=(0.002,))
    used = []
    gc.collect()
    with LiveSource("cam", lambda: opened(link), patience=patience, reconnect="always") as source:
        frames = source.frames()
        index = -1
        for cycle in range(100):
            frame = next(frames)
            assert frame.index > index
            index = frame.index
            descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
            used.append((descriptors, threading.active_count(), camera.opened))
            camera.unplug()
            link.unlink()
            camera = camera.plug(node.parent / f"video{cycle % 3 + 1}")
            link.symlink_to(camera.node.name)
            while source.status.reconnects.get("removed", 0) + source.status.reconnects.get("not_found", 0) <= cycle:
                next(frames)
    assert len(set(used[1:])) == 1
    assert camera.opened == 0


def test_doctor_tells_what_a_camera_offers_and_how_gstreamer_shows_it(node: Path) -> None:
    small, large = bytes(WH[0] * WH[1] * 2), bytes(4 * WH[0] * WH[1] * 2)
    yuyv = [FakeMode("YUYV", WH, [small], fps=30), FakeMode("YUYV", (320, 240), [large], fps=10)]
    FakeCamera(node, [*yuyv, FakeMode("MJPG", (320, 240), [large], fps=30)])
    _, found, line = examine_cameras(node)
    assert found == Finding("cameras", str(node), "YUYV 160x120 to 30 fps, 320x240 to 10 fps; MJPG 320x240 to 30 fps")
    assert line.value == (
        f"gst-launch-1.0 v4l2src device={node} ! image/jpeg,width=320,height=240,framerate=30/1 ! jpegdec !"
        " videoconvert ! autovideosink"
    )


def test_doctor_takes_a_camera_of_raw_pictures_for_a_csi_sensor(node: Path) -> None:
    FakeCamera(node, [FakeMode("RG10", WH, [b"1"])])
    *_, line = examine_cameras(node)
    assert line.value.startswith("gst-launch-1.0 nvarguscamerasrc sensor-id=0 ! ")


def test_doctor_names_who_holds_a_camera(node: Path) -> None:
    FakeCamera(node, [FakeMode("GREY", WH, grey(1))])
    with closing(opened(node)):
        _, found = examine_cameras(node)
    assert (found.status, "is busy" in found.value) == ("problem", True)
