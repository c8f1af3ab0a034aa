# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edge.device import Device
from edge.errors import OutputError
from edge.pipeline.pipeline import Pipeline
from edge.service.job import ServiceJob
from edge.service.notify import Notifier
from edge.service.sensors import Condition, Sensors
from edge.service.service import Service
from edge.service.settings import ServiceSettings
from edge.sinks.json_lines import JsonLinesSink
from edge.sinks.sink import Sink
from tests.edge.pipeline.scripted import RecordingSink, numbered_detector
from tests.edge.service.scripted_service import Camera


class Unclosable(RecordingSink):
    """Cannot be closed."""

    def close(self) -> None:
        """Refuse."""
        raise OutputError("the end cannot be written: No space left on device; make room")


def job(open_sinks: Callable[[], Sequence[Sink]]) -> ServiceJob:
    """Return a job for the processor before a camera."""
    return ServiceJob(
        open_sources=lambda: [Camera("camera", 10**6)],
        open_pipeline=lambda device: Pipeline([numbered_detector()], device=device, threads=1),
        open_sinks=open_sinks,
        device="cpu",
        settings=ServiceSettings(),
    )


def serve(load_job: Callable[[], ServiceJob], *steps: Callable[[], bool | None], sensors: Sensors = Condition) -> int:
    """Run a service; each step is repeated until it does not return False, then it is told to stop."""

    def go_on() -> None:
        end_s = time.monotonic() + 20
        for step in steps:
            while step() is False and time.monotonic() < end_s:
                time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=go_on, daemon=True).start()
    with Notifier(None) as notifier:
        return Service(load_job, notifier, status_file=None, sensors=sensors).run()


def reload() -> None:
    """Ask for the configuration to be read again."""
    os.kill(os.getpid(), signal.SIGHUP)


def test_a_new_configuration_whose_sinks_cannot_be_opened_leaves_the_old_one_at_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="edge.service")
    opened: list[RecordingSink] = []

    def open_sinks() -> list[Sink]:
        opened.append(RecordingSink())
        return [opened[-1]]

    jobs = iter([job(open_sinks), job(lambda: [JsonLinesSink(tmp_path / "absent" / "lines", appends=True)])])
    code = serve(
        lambda: next(jobs),
        lambda: bool(opened and opened[0].frames),
        reload,
        lambda: len(opened) == 2 and bool(opened[1].frames),
    )
    assert code == 128 + signal.SIGTERM
    assert any(message.startswith("the new configuration does not work") for message in caplog.messages)
    assert "the configuration was read again" not in caplog.messages
    assert opened[1].frames


def test_old_sinks_that_cannot_be_closed_do_not_keep_a_new_configuration_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="edge.service")
    old, new = Unclosable(), RecordingSink()
    jobs = iter([job(lambda: [old]), job(lambda: [new])])
    code = serve(lambda: next(jobs), lambda: bool(old.frames), reload, lambda: bool(new.frames))
    assert code == 128 + signal.SIGTERM
    assert new.frames
    assert "the end cannot be written: No space left on device; make room" in caplog.messages
    assert "the configuration was read again" in caplog.messages


def test_cores_that_change_while_the_gpu_gets_ready_do_not_keep_it_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="edge.service")
    monkeypatch.setattr("edge.service.service.gpu_fault", lambda: None)
    cores, looked_again = 4, threading.Event()
    asked: list[str] = []

    def sensors() -> Condition:
        looked_again.set() if cores == 2 else None
        return Condition(cores=cores)

    def open_pipeline(device: str) -> Pipeline:
        nonlocal cores
        asked.append(device)
        pipeline = Pipeline([numbered_detector()], device="cpu", threads=1)
        if device != "cpu":
            time.sleep(0.3 if looked_again.is_set() else 1.3)  # the first look at the sensors comes within this time
            cores = 2
            looked_again.wait(10)
            time.sleep(0.2)
            pipeline.device = Device("gpu", f"opening {asked.count(device)} is done")
        return pipeline

    sink = RecordingSink()
    wanted = replace(job(lambda: [sink]), open_pipeline=open_pipeline, device="auto")
    code = serve(lambda: wanted, lambda: "goes over to gpu: opening 2 is done" in caplog.messages, sensors=sensors)
    assert code == 128 + signal.SIGTERM
    assert asked == ["cpu", "auto", "auto"]
    assert "goes over to gpu: opening 1 is done" in caplog.messages
    assert "goes over to gpu: opening 2 is done" in caplog.messages
    assert [frame.index for frame in sink.frames] == list(range(len(sink.frames)))
