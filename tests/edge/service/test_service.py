# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from edge.device import Device
from edge.errors import GpuError, OutputError
from edge.frame import Frame
from edge.pipeline.pipeline import DEFAULT_MODELS, Pipeline
from edge.results import FrameResult
from edge.service.feed import Feed
from edge.service.heartbeat import HEARTBEAT
from edge.service.job import ServiceJob, Session
from edge.service.kept_sink import KeptSink
from edge.service.notify import Notifier
from edge.service.sensors import Condition
from edge.service.service import Service
from edge.service.settings import ServiceSettings
from edge.sinks.json_lines import JsonLinesSink
from edge.sinks.sink import Sink
from edge.tracking.settings import TrackingSettings
from tests.edge.pipeline.scripted import NumberedSource, RecordingSink, numbered_detector
from tests.edge.service.scripted_service import Camera

BUILD_S = 0.5


def job(folder: Path, open_gpu: Callable[[], Pipeline]) -> ServiceJob:
    """Return a job that wants a GPU, which takes its time to open."""

    def open_pipeline(device: str) -> Pipeline:
        return Pipeline([numbered_detector()], device="cpu", threads=1) if device == "cpu" else open_gpu()

    return ServiceJob(
        open_sources=lambda: [Camera("camera", 10**6)],
        open_pipeline=open_pipeline,
        open_sinks=lambda: [JsonLinesSink(folder / "lines", appends=True)],
        device="auto",
        settings=ServiceSettings(),
    )


def run_until(folder: Path, asked: ServiceJob, is_enough: Callable[[], bool]) -> list[dict[str, object]]:
    """Run a service in this process until it is enough; return its lines."""

    def stop() -> None:
        end_s = time.monotonic() + 30
        while not is_enough() and time.monotonic() < end_s:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop, daemon=True).start()
    with Notifier(None) as notifier:
        service = Service(lambda: asked, notifier, status_file=folder / "status.json", sensors=Condition)
        assert service.run() == 128 + signal.SIGTERM
    return [json.loads(line) for line in (folder / "lines").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def _gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.service.service.gpu_fault", lambda: None)


@pytest.mark.usefixtures("_gpu")
def test_the_processor_answers_until_the_gpu_is_ready_and_no_frame_is_lost_between(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened_s: list[float] = []

    def open_gpu() -> Pipeline:
        time.sleep(BUILD_S)
        pipeline = Pipeline([numbered_detector()], device="cpu", threads=1)
        pipeline.device = Device("gpu", "its engines are built")
        opened_s.append(time.monotonic())
        return pipeline

    caplog.set_level("INFO", logger="edge.service")
    enough = run_until(
        tmp_path, job(tmp_path, open_gpu), lambda: bool(opened_s) and time.monotonic() > opened_s[0] + 0.7
    )
    assert [line["frame"] for line in enough] == list(range(len(enough)))
    assert all(before["time_s"] < after["time_s"] for before, after in pairwise(enough))  # type: ignore[operator]
    assert any(message.startswith("ready: ready on cpu") for message in caplog.messages)
    assert "goes over to gpu: its engines are built" in caplog.messages
    status = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    assert status["device"] == {"name": "gpu", "reason": "its engines are built", "lanes": 1}


@pytest.mark.usefixtures("_gpu")
def test_a_gpu_that_cannot_be_used_leaves_the_processor_at_work_and_is_told(tmp_path: Path) -> None:
    failed = threading.Event()

    def open_gpu() -> Pipeline:
        failed.set()
        raise GpuError("the GPU fell off the bus", name="CUDA_ERROR_UNKNOWN")

    assert run_until(tmp_path, job(tmp_path, open_gpu), failed.is_set) is not None
    status = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    assert status["device"]["name"] == "cpu"
    assert "the GPU fell off the bus" in status["device"]["reason"]


def test_a_recording_reaches_the_sinks_whole_and_without_heartbeats(tmp_path: Path) -> None:
    sink = RecordingSink(lambda _: time.sleep(0.01))
    asked = ServiceJob(
        open_sources=lambda: [NumberedSource(40)],
        open_pipeline=lambda device: Pipeline([numbered_detector()], device=device, threads=2),
        open_sinks=lambda: [sink],
        device="cpu",
        settings=ServiceSettings(),
    )
    with Notifier(None) as notifier:
        service = Service(lambda: asked, notifier, status_file=tmp_path / "status.json", sensors=Condition)
        assert service.run() == 0
    assert [frame.index for frame in sink.frames] == list(range(40))
    assert sink.closed


def test_heartbeats_come_first_and_where_no_frame_comes() -> None:
    asked = ServiceJob(
        open_sources=lambda: [Camera("camera", 3), Camera("door", 5)],
        open_pipeline=lambda device: Pipeline([numbered_detector()], device=device, threads=1),
        open_sinks=list,
        device="cpu",
        settings=ServiceSettings(),
    )
    with Session(asked, idle_s=0.3) as session:
        names = []
        with session.start() as run:
            for result in run:
                session.answered_s = time.monotonic()
                names.append(result.source)
                if len(names) == 11:
                    break
        assert [feed.frames for feed in session.feeds] == [3, 5]
    assert HEARTBEAT in names[:3]
    assert names[-2:] == [HEARTBEAT] * 2
    assert sorted(name for name in names if name != HEARTBEAT) == ["camera"] * 3 + ["door"] * 5


def test_every_heartbeat_goes_through_the_shipped_models_though_hands_are_followed() -> None:
    asked = ServiceJob(
        open_sources=lambda: [Camera("camera", 0)],
        open_pipeline=lambda device: Pipeline(DEFAULT_MODELS, device=device, threads=1, tracking=TrackingSettings()),
        open_sinks=list,
        device="cpu",
        settings=ServiceSettings(),
    )
    with Session(asked, idle_s=0.05) as session, session.start() as run:
        results = []
        for result in run:
            session.answered_s = time.monotonic()
            results.append(result)
            if len(results) == 4:
                break
    assert {result.source for result in results} == {HEARTBEAT}
    assert all("infer" in result.latency_ms for result in results)


def test_frames_left_out_to_cool_down_are_counted() -> None:
    with Feed(Camera("camera", 30)) as feed:
        source = feed.open()
        frames = source.frames()
        for _ in range(10):
            next(frames)
        feed.pace.step = 2
        first, second = next(frames), next(frames)
        source.close()
    assert second.index - first.index > 1
    assert source.dropped["cooling down"] >= second.index - first.index - 1


class FullDisk(Sink):
    """Cannot write, until there is room."""

    name = "full disk"

    def __init__(self) -> None:
        self.has_room = False

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - a sink's shape
        """Refuse."""
        if not self.has_room:
            raise OutputError("full disk cannot be written: No space left on device; make room")


def test_a_sink_that_fails_is_counted_and_ends_no_run() -> None:
    sink, full = RecordingSink(), FullDisk()
    asked = ServiceJob(
        open_sources=lambda: [Camera("camera", 10**6)],
        open_pipeline=lambda device: Pipeline([numbered_detector()], device=device, threads=1),
        open_sinks=lambda: [full, sink],
        device="cpu",
        settings=ServiceSettings(),
    )
    with Session(asked, idle_s=1) as session:
        run = session.start()
        with run:
            for count, _ in enumerate(run):
                full.has_room = count >= 8
                if count >= 15:
                    break
        kept: KeptSink = session.sinks[0]
    assert kept.errors >= 5
    assert kept.written >= 3
    assert kept.latest_error is not None
    assert "No space left" in kept.latest_error
    assert len(sink.frames) >= 13
