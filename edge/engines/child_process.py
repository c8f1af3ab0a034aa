# SPDX-License-Identifier: Apache-2.0
"""`ChildProcess`: a building process, what it says line by line, and its end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

_COMMAND = (sys.executable, "-m", "edge.engines.child")
_POLL_S = 0.05
# How long a build may take to reach its next step before it is killed.
_GRACE_S = 2.0
_CHUNK_BYTES = 2**16
_SHOWN_LETTERS = 300


class ChildProcess:
    """A process that builds what `request` says, its files in `scratch`; leaving the context ends it.

    It has a session of its own, so that Ctrl-C in a terminal reaches the parent alone, which then ends it.
    """

    def __init__(self, request: Mapping[str, object], scratch: Path) -> None:
        self._log = scratch / "log"
        # It imports what this process would, and nothing that lies about where the user happens to be.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with self._log.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=scratch,
                env=environment,
                start_new_session=True,
            )
        line = json.dumps({**request, "parent": os.getpid()}) + "\n"
        self._unread = b""
        self._kill_at_s: float | None = None
        self._send(line.encode())

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def lines(self) -> Iterator[dict[str, Any] | None]:
        """Yield what it says until it ends, and None every 50 ms in between."""
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - a pipe was asked for
        while True:
            if self._kill_at_s is not None and time.monotonic() > self._kill_at_s:
                self._process.kill()
            if not select.select([stream], [], [], _POLL_S)[0]:
                yield None
                continue
            chunk = os.read(stream.fileno(), _CHUNK_BYTES)
            if not chunk:
                return
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                yield json.loads(line)

    def stop(self) -> None:
        """Ask it to stop at its next step; two seconds later it is killed."""
        if self._kill_at_s is None:
            self._kill_at_s = time.monotonic() + _GRACE_S
            self._process.terminate()

    def end(self) -> str:
        """Wait for its end and return how it ended, with the last that it wrote on standard error."""
        status = self._process.wait()
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
        return f"{how}, {last[:_SHOWN_LETTERS]}" if last else how

    @property
    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL, which only this parent or the kernel sends."""
        return self._process.wait() == -signal.SIGKILL

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _send(self, line: bytes) -> None:
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - a pipe was asked for
        try:
            stream.write(line)
            stream.flush()
        except BrokenPipeError:
            return
