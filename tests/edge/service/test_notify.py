# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def test_a_status_is_one_line_whatever_stands_in_it(manager: socket.socket) -> None:
    with Notifier(manager.getsockname()) as notifier:
        notifier.status("a camera\nREADY=1")
    assert manager.recv(4096) == b"STATUS=a camera READY=1"


def test_more_time_is_asked_for_as_long_as_it_is_needed(manager: socket.socket) -> None:
    with Notifier(manager.getsockname()) as notifier, notifier.extending_timeout(60):
        assert manager.recv(4096) == b"EXTEND_TIMEOUT_USEC=20000000"


def test_without_a_manager_nothing_happens() -> None:
    with Notifier.from_environment({}) as notifier, notifier.extending_timeout(60):
        notifier.ready("works")
    assert notifier.watchdog_s is None


def test_a_manager_that_is_gone_does_not_end_the_service(tmp_path: Path) -> None:
    with Notifier(str(tmp_path / "gone")) as notifier:
        notifier.ping()


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getppid())}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ""}, None),
    ],
)
def test_the_watchdog_counts_for_the_process_it_names(environment: dict[str, str], watchdog_s: float | None) -> None:
    assert Notifier.from_environment(environment).watchdog_s == watchdog_s
