# SPDX-License-Identifier: Apache-2.0
"""`Notifier`: tells the service manager what this process does.

Protocol: sd_notify(3) and sd_watchdog_enabled(3) of systemd, datagrams on the socket that `NOTIFY_SOCKET` names.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

_SEND_TIMEOUT_S = 1.0
_EXTEND_EVERY_S = 5.0
_EXTEND_BY_S = 20.0


class Notifier:
    """Sends states to the manager; without one, and where it does not listen, everything is allowed and does nothing.

    Attributes:
        watchdog_s: the manager ends a process that does not ping for this long; None where it does not watch.
    """

    def __init__(self, address: str | None, *, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self._address = f"\0{address[1:]}" if address is not None and address.startswith("@") else address
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(_SEND_TIMEOUT_S)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the notifier of what systemd put into the environment; a watchdog for another process is none."""
        address = environment.get("NOTIFY_SOCKET", "")
        return cls(address if address[:1] in ("/", "@") else None, watchdog_s=_watchdog_s(environment))

    def ready(self, doing: str) -> None:
        """Say that the service works, or does so again after `reloading`."""
        self._send("READY=1", f"STATUS={_one_line(doing)}")

    def status(self, doing: str) -> None:
        """Say in one line what is done now."""
        self._send(f"STATUS={_one_line(doing)}")

    def ping(self) -> None:
        """Say that the service is alive."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that the configuration is read again, until `ready`."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1", "STATUS=stopping")

    @contextmanager
    def extending_timeout(self, most_s: float) -> Iterator[None]:
        """While entered, and at most for `most_s`, ask the manager for more time to start, reload or stop."""
        done = threading.Event()
        end_s = time.monotonic() + most_s

        def extend() -> None:
            while time.monotonic() < end_s:
                self._send(f"EXTEND_TIMEOUT_USEC={int(_EXTEND_BY_S * 1e6)}")
                if done.wait(_EXTEND_EVERY_S):
                    return

        thread = threading.Thread(target=extend, name="extend timeout", daemon=True)
        if self._socket is not None:
            thread.start()
        try:
            yield
        finally:
            done.set()
            if self._socket is not None:
                thread.join()

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, *lines: str) -> None:
        # A manager that restarts or is busy must not end what it manages; it asks again by its own timeouts.
        if self._socket is not None and self._address is not None:
            with suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    try:
        interval_us = int(environment.get("WATCHDOG_USEC", ""))
        pid = int(environment.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return interval_us / 1e6 if interval_us > 0 and pid == os.getpid() else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
