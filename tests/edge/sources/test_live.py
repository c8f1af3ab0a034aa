# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from edge.errors import CameraError, DependencyError
from edge.frame import Frame
from edge.sources.live import LiveSource
from edge.sources.live_reader import Capture, FaultReason, ReaderError
from edge.sources.reconnect import Reconnect
from edge.sources.supervision import Patience, SourceState
from tests.edge.sources.scripted_reader import Device, ScriptedReader, capture_of, wait_until

HASTY = Patience(open_s=0.2, first_frame_s=0.5, stall_s=0.2, backoff_s=(0.02, 0.05), refused_s=0.1)
CALM = Patience(open_s=5, first_frame_s=30, stall_s=30, backoff_s=(0.02,))


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device()
    yield made
    wait_until(lambda: made.open_now == 0)
    assert made.most_open <= 1


def test_newest_frame_is_yielded_and_the_others_are_counted(device: Device) -> None:
    with LiveSource("cam", device.open, patience=CALM) as camera:
        frames = camera.frames()
        device.show(1)
        assert next(frames).index == 0
        device.show(2, 3, 4, 5, 6)
        wait_until(lambda: camera.status.frames == 6)
        frame = next(frames)
        assert (frame.index, int(frame.pixels[0, 0, 0])) == (5, 6)
        assert camera.dropped == {"newer frame came": 4}
        assert camera.fps == 30


def test_times_are_monotonic_and_rise() -> None:
    device = Device(every_s=0.001)
    with LiveSource("cam", device.open) as camera:
        frames = camera.frames()
        before_ns = time.monotonic_ns()
        times_ns = [next(frames).time_ns for _ in range(20)]
    assert times_ns == sorted(set(times_ns))
    assert before_ns - 1e9 < times_ns[0] <= times_ns[-1] <= time.monotonic_ns()


def test_error_that_is_final_is_not_said_to_be_tried_again(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    def missing() -> None:
        raise DependencyError("no library")

    device.on_open = missing
    with (
        LiveSource("cam", device.open, reconnect=Reconnect.always) as camera,
        pytest.raises(DependencyError, match="no library"),
    ):
        next(camera.frames())
    assert not caplog.records


def test_first_picture_may_take_longer_than_the_next(device: Device) -> None:
    with LiveSource("cam", device.open, patience=Patience(first_frame_s=5, stall_s=0.1)) as camera:
        frames = camera.frames()
        time.sleep(0.3)
        assert camera.status.state is SourceState.opening
        device.show(1)
        assert next(frames).index == 0
        assert (camera.status.stalls, device.opened) == (0, 1)
        wait_until(lambda: camera.status.reason == "timeout")


def test_fault_is_survived_and_told(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), LiveSource("cam", device.open, patience=HASTY) as camera:
        frames = camera.frames()
        device.show(1)
        first = next(frames)
        device.fail(FaultReason.removed)
        wait_until(lambda: device.closed == 1)
        device.show(2)
        second = next(frames)
        status = camera.status
    assert (first.index, second.index, device.opened) == (0, 1, 2)
    assert (status.state, status.reason, status.message) == (SourceState.live, "removed", None)
    assert status.reconnects == {"removed": 1}
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "cam failed: removed (removed); it is tried again until it works"
    assert told[1].startswith("cam is live again, ")
    assert len(told) == 2


def test_reader_that_delivers_nothing_is_replaced_and_nothing_is_shown_twice(device: Device) -> None:
    seen: list[Frame] = []
    with LiveSource("cam", device.open, patience=HASTY) as camera:
        consumer = threading.Thread(target=lambda: seen.extend(camera.frames()))
        consumer.start()
        device.show(1)
        wait_until(lambda: device.opened >= 2)
        device.show(2)
        wait_until(lambda: len(seen) == 2)
    consumer.join(5)
    assert [int(frame.pixels[0, 0, 0]) for frame in seen] == [1, 2]
    assert camera.status.reconnects == {"timeout": 1}


def test_picture_of_the_same_moment_is_not_new() -> None:
    same = capture_of(1)

    class StuckReader(ScriptedReader):
        def read(self, timeout_s: float) -> Capture:
            time.sleep(timeout_s / 40)
            return same

    with LiveSource("cam", lambda: StuckReader(Device()), patience=HASTY) as camera:
        frames = camera.frames()
        next(frames)
        wait_until(lambda: camera.status.stalls > 0)
        assert camera.status.frames == 1
        assert camera.dropped["shown before"] > 5


@pytest.mark.parametrize("reconnect", [Reconnect.never, Reconnect.once_live])
def test_source_that_cannot_be_opened_is_an_error_at_once(device: Device, reconnect: Reconnect) -> None:
    def refuse() -> None:
        raise ReaderError("camera /dev/video9 is busy", reason=FaultReason.busy)

    device.on_open = refuse
    with pytest.raises(CameraError, match="is busy"):
        LiveSource("cam", device.open, reconnect=reconnect)


def test_source_that_is_waited_for_may_come_later(device: Device) -> None:
    def refuse() -> None:
        raise ReaderError("cam is absent", reason=FaultReason.not_found)

    device.on_open = refuse
    with LiveSource("cam", device.open, patience=HASTY, reconnect=Reconnect.always) as camera:
        wait_until(lambda: camera.status.state is SourceState.absent)
        assert camera.status.message == "cam is absent"
        assert camera.status.next_attempt_s is not None
        device.on_open = lambda: None
        device.show(1)
        assert next(camera.frames()).index == 0


def test_refused_password_is_tried_again_only_seldom(device: Device) -> None:
    attempts_s = []

    def refuse() -> None:
        attempts_s.append(time.monotonic())
        raise ReaderError("wrong password", reason=FaultReason.authentication)

    device.on_open = refuse
    with LiveSource("cam", device.open, patience=HASTY, reconnect=Reconnect.always) as camera:
        wait_until(lambda: len(attempts_s) == 3)
        assert camera.status.state in {SourceState.refused, SourceState.opening}
    assert attempts_s[2] - attempts_s[0] >= 2 * HASTY.refused_s


@pytest.mark.parametrize("shows_first", [True, False])
def test_fault_ends_a_source_that_is_not_to_be_opened_again(device: Device, *, shows_first: bool) -> None:
    reconnect = Reconnect.never if shows_first else Reconnect.once_live
    with LiveSource("cam", device.open, patience=HASTY, reconnect=reconnect) as camera:
        frames = camera.frames()
        if shows_first:
            device.show(1)
            next(frames)
        device.fail(FaultReason.ended)
        with pytest.raises(ReaderError, match="cam failed: ended"):
            next(frames)
        wait_until(lambda: camera.status.state is SourceState.ended)
    assert device.opened == 1


def test_missing_package_is_no_fault_to_wait_out(device: Device) -> None:
    def lack() -> None:
        raise DependencyError("needs PyAV")

    device.on_open = lack
    with (
        LiveSource("cam", device.open, reconnect=Reconnect.always) as camera,
        pytest.raises(DependencyError, match="needs PyAV"),
    ):
        next(camera.frames())


def test_unforeseen_failure_is_a_fault_like_any_other(device: Device) -> None:
    with LiveSource("cam", device.open, patience=HASTY) as camera:
        frames = camera.frames()
        device.show(1)
        next(frames)
        device.script.put(ZeroDivisionError("rate"))
        wait_until(lambda: device.closed == 1)
        device.show(2)
        assert next(frames).index == 1
    assert camera.status.reconnects == {"connection": 1}


def test_opening_that_hangs_is_told_and_never_doubled(device: Device) -> None:
    gate = threading.Event()
    device.on_open = lambda: (gate.wait(30), None)[1]
    with pytest.raises(CameraError, match=r"cam did not open within 0\.2 s"):
        LiveSource("cam", device.open, patience=HASTY)
    with LiveSource("other", device.open, patience=HASTY, reconnect=Reconnect.always) as camera:
        wait_until(lambda: camera.status.state is SourceState.stalled)
        time.sleep(3 * HASTY.open_s)
        assert (camera.status.stalls, device.opened) == (1, 0)
        gate.set()
        wait_until(lambda: device.opened >= 2)
    wait_until(lambda: device.closed == device.opened)
    device.most_open = 1  # two sources, one handle each


def test_read_that_hangs_is_stalled_until_it_returns() -> None:
    gate = threading.Event()
    device = Device()

    class HangingReader(ScriptedReader):
        def read(self, timeout_s: float) -> Capture:
            device.script.get()
            gate.wait(30)
            return super().read(timeout_s)

    def open_reader() -> ScriptedReader:
        device.open()
        return HangingReader(device)

    device.show(1)
    with LiveSource("cam", open_reader, patience=HASTY, reconnect=Reconnect.always) as camera:
        wait_until(lambda: camera.status.state is SourceState.stalled)
        time.sleep(3 * HASTY.stall_s)
        assert (camera.status.stalls, device.opened) == (1, 1)
        device.show(2)
        gate.set()
        wait_until(lambda: device.opened == 2)
    assert device.most_open == 1


def test_closing_ends_a_waiting_consumer_without_an_error(device: Device) -> None:
    camera = LiveSource("cam", device.open, patience=CALM)
    seen: list[Frame] = []
    consumer = threading.Thread(target=lambda: seen.extend(camera.frames()))
    consumer.start()
    camera.close()
    camera.close()
    consumer.join(5)
    assert (consumer.is_alive(), seen) == (False, [])
    assert camera.status.state is SourceState.ended


def test_stopping_ends_a_waiting_consumer_too(device: Device) -> None:
    with LiveSource("cam", device.open, patience=CALM) as camera:
        threading.Timer(0.05, camera.stop).start()
        assert list(camera.frames()) == []


def test_hundred_cycles_leave_no_handle_and_no_thread() -> None:
    before = threading.active_count()
    device = Device()
    patience = Patience(backoff_s=(0.001,), stall_s=5)
    with LiveSource("cam", device.open, patience=patience) as camera:
        frames = camera.frames()
        for cycle in range(100):
            device.show(cycle)
            assert next(frames).index == cycle
            device.fail(FaultReason.removed)
            wait_until(lambda cycle=cycle: device.closed == cycle + 1)  # type: ignore[misc]
    wait_until(lambda: threading.active_count() == before)
    assert (device.opened, device.open_now, device.most_open) in {(100, 0, 1), (101, 0, 1)}
    assert camera.status.reconnects == {"removed": 99}
