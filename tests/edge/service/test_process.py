# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.service.status import read_status
from tests.edge.service.manager import Manager, python

PROGRAM = Path(__file__).with_name("scripted_service.py")
WATCHDOG_S = 1.6
STOP_LIMIT_S = 5.0


@pytest.fixture(params=[False, True], ids=["path", "abstract"])
def any_manager(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Manager]:
    with Manager(tmp_path, watchdog_s=WATCHDOG_S, abstract=request.param) as manager:
        yield manager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Manager(tmp_path, watchdog_s=WATCHDOG_S) as manager:
        yield manager


def start(manager: Manager, folder: Path, **told: object) -> Path:
    """Start a service of what is told; return its configuration."""
    path = folder / "job.json"
    path.write_text(json.dumps({"name": "camera", "lines": str(folder / "lines"), **told}), encoding="utf-8")
    manager.start(python(PROGRAM, path))
    return path


def line_count(folder: Path) -> int:
    """Return how many whole lines the sink has written."""
    lines = (folder / "lines").read_text(encoding="utf-8").splitlines(keepends=True)
    assert all(line.endswith("\n") and json.loads(line) for line in lines)
    return len(lines)


def test_a_service_is_ready_pings_and_ends_in_time_with_everything_written(
    any_manager: Manager, tmp_path: Path
) -> None:
    start(any_manager, tmp_path)
    any_manager.wait_for(lambda: any_manager.heard("READY=1") > 0)
    any_manager.wait_for(lambda: any_manager.heard("WATCHDOG=1") >= 3 and any_manager.told(r"STATUS=\d+ FPS on cpu"))
    code, took_s = any_manager.end()
    assert code == 128 + signal.SIGTERM
    assert took_s < STOP_LIMIT_S
    assert any_manager.heard("STOPPING=1") == 1
    status = read_status(any_manager.runtime / "status.json")
    assert status is not None
    assert status["doing"] == "stopped"
    assert status["sinks"][0]["written"] == line_count(tmp_path) > 0
    assert json.loads((tmp_path / "lines").read_text(encoding="utf-8").splitlines()[0])["source"] == "camera"


def test_models_that_hang_for_ever_stop_the_pings_and_not_the_end(manager: Manager, tmp_path: Path) -> None:
    start(manager, tmp_path, hang_at=30)
    manager.wait_for(lambda: manager.heard("WATCHDOG=1") >= 1)
    manager.wait_for(lambda: manager.told("STATUS=no answer of the models on cpu for more than"))
    written = line_count(tmp_path)
    assert not any("WATCHDOG=1" in message for message in manager.listen(WATCHDOG_S))
    code, took_s = manager.end()
    assert code == 1
    assert took_s < STOP_LIMIT_S
    assert "did not end within" in manager.log()
    assert line_count(tmp_path) == written > 0


def test_a_dead_camera_does_not_stop_the_pings(manager: Manager, tmp_path: Path) -> None:
    start(manager, tmp_path, dies_at=10)
    manager.wait_for(lambda: line_count(tmp_path) == 10 if (tmp_path / "lines").exists() else False)
    pings = sum("WATCHDOG=1" in message for message in manager.listen(3 * WATCHDOG_S))
    assert pings >= 6
    manager.wait_for(lambda: manager.heard("STATUS=ready on cpu, waits for camera") > 0)
    assert manager.end()[1] < STOP_LIMIT_S
    assert line_count(tmp_path) == 10


def test_a_reload_takes_the_new_configuration_and_keeps_the_old_one_where_that_is_wrong(
    manager: Manager, tmp_path: Path
) -> None:
    path = start(manager, tmp_path)
    manager.wait_for(lambda: manager.heard("READY=1") == 1)
    path.write_text("{", encoding="utf-8")
    manager.process.send_signal(signal.SIGHUP)
    manager.wait_for(lambda: manager.heard("READY=1") == 2)
    assert "the old one goes on" in manager.log()
    path.write_text(json.dumps({"name": "door", "lines": str(tmp_path / "lines")}), encoding="utf-8")
    manager.process.send_signal(signal.SIGHUP)
    manager.wait_for(lambda: manager.heard("READY=1") == 3)
    manager.wait_for(lambda: '"door"' in (tmp_path / "lines").read_text(encoding="utf-8"))
    assert manager.heard("MONOTONIC_USEC=") == manager.heard("RELOADING=1") == 2
    assert manager.end()[0] == 128 + signal.SIGTERM
    assert line_count(tmp_path) > 0


def test_a_wrong_configuration_ends_with_its_exit_code(manager: Manager, tmp_path: Path) -> None:
    path = start(manager, tmp_path)
    manager.process.kill()
    manager.process.wait()
    path.write_text("nonsense", encoding="utf-8")
    manager.start(python(PROGRAM, path))
    assert manager.process.wait(30) == ConfigError.exit_code
    assert "is no JSON" in manager.log()
