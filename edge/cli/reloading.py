# SPDX-License-Identifier: Apache-2.0
"""SIGHUP as a request to read the configuration again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from edge.config import Config
from edge.configured_run import ConfiguredRun
from edge.errors import EdgeError

if TYPE_CHECKING:
    from typing_extensions import Self


class Reloading:
    """While entered, each SIGHUP asks for a configuration to be read and applied to the run, once there is one.

    What a run can take over while it goes on is applied. The configuration is read and applied in a thread of its own,
    so that no result waits for it, and told of in one line. Where it is wrong the old one stays.
    """

    def __init__(self, read: Callable[[], Config], *, tell: Callable[[str], None]) -> None:
        self._read, self._tell = read, tell
        self._wanted = threading.Event()
        self._ended = False
        self._before: object = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGHUP, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGHUP, self._before)  # type: ignore[arg-type]

    @contextmanager
    def applied_to(self, run: ConfiguredRun) -> Iterator[None]:
        """Apply what was asked for so far and what is asked for while entered."""
        thread = threading.Thread(target=self._serve, args=(run,), name="reload", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended = True
            self._wanted.set()
            thread.join()

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a signal handler
        self._wanted.set()

    def _serve(self, run: ConfiguredRun) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._ended:
                return
            try:
                self._tell(f"configuration read again: {run.apply(self._read())}")
            except EdgeError as error:
                self._tell(f"configuration kept as it was: {error}")
            except Exception as error:  # noqa: BLE001 - the run goes on, whatever happens to a new configuration
                self._tell(f"configuration kept as it was: internal error, {type(error).__name__}: {error}")
