# SPDX-License-Identifier: Apache-2.0
"""A service manager's side of a service: its socket, and the process it started."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

LONGEST_S = 60.0


class Manager:
    """Starts a command with a notification socket and a watchdog, and keeps each message with its time."""

    def __init__(self, folder: Path, *, watchdog_s: float = 2.0, abstract: bool = False) -> None:
        self.messages: list[tuple[float, str]] = []
        self.runtime = folder / "run"
        self.runtime.mkdir(exist_ok=True)
        self.errors = folder / "errors"
        address = f"@edge-test-{os.getpid()}-{time.monotonic_ns()}" if abstract else str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0") if abstract else address)
        self._socket.settimeout(0.05)
        self.environment = {
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": str(int(watchdog_s * 1e6)),
            "RUNTIME_DIRECTORY": str(self.runtime),
            "OMP_NUM_THREADS": "1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str | Path], extra: Mapping[str, str] | None = None) -> None:
        """Start the command, its errors into a file."""
        environment = {key: value for key, value in os.environ.items() if key != "WATCHDOG_PID"}
        with self.errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                env=environment | self.environment | dict(extra or {}),
                stderr=errors,
                stdout=errors,
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process."""
        assert self._process is not None
        return self._process

    def wait_for(self, is_there: Callable[[], bool], *, within_s: float = LONGEST_S) -> None:
        """Receive until something is so."""
        end_s = time.monotonic() + within_s
        while not is_there():
            assert time.monotonic() < end_s, (self.messages[-5:], self.log())
            assert self.process.poll() is None or is_there(), self.log()
            self.receive()

    def receive(self) -> None:
        """Take what is there, waiting a little."""
        try:
            while True:
                self.messages.append((time.monotonic(), self._socket.recv(4096).decode()))
        except TimeoutError:
            pass

    def listen(self, for_s: float) -> list[str]:
        """Receive for a while; return what came."""
        count, end_s = len(self.messages), time.monotonic() + for_s
        while time.monotonic() < end_s:
            self.receive()
        return [message for _, message in self.messages[count:]]

    def heard(self, text: str) -> int:
        """Return how many messages have a line that begins so."""
        return sum(any(line.startswith(text) for line in message.splitlines()) for _, message in self.messages)

    def told(self, pattern: str) -> bool:
        """Return whether a message matches."""
        return any(re.search(pattern, message) for _, message in self.messages)

    def end(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = 10.0) -> tuple[int, float]:
        """Send a signal; return the exit code and the seconds until the end."""
        begin_s = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(within_s)
        took_s = time.monotonic() - begin_s
        self.receive()
        return code, took_s

    def log(self) -> str:
        """Return what the process wrote on standard error."""
        return self.errors.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Manager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._socket.close()


def python(program: Path, *words: object) -> list[str]:
    """Return the command that runs a file of the tests."""
    return [sys.executable, str(program), *map(str, words)]
