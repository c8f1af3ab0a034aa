# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM and SIGHUP as a request to finish."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class StopSignals:
    """While entered, the first SIGINT, SIGTERM or SIGHUP calls `on_stop`; the second one kills as it always would.

    A SIGHUP that is ignored, as under nohup, stays so; without `hang_up` it is left alone altogether.
    """

    def __init__(self, *, hang_up: bool = True) -> None:
        self._hang_up = hang_up
        self.received: int | None = None
        self.on_stop: Callable[[], None] = lambda: None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        ignored = not self._hang_up or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        for number in (signal.SIGINT, signal.SIGTERM, *(() if ignored else (signal.SIGHUP,))):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @property
    def exit_code(self) -> int | None:
        """What a shell expects of a command that a signal ended; None where none came."""
        return None if self.received is None else 128 + self.received

    def stop(self) -> None:
        """Ask for the end without a signal."""
        self.on_stop()

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a signal handler
        if self.received is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.received = number
        self.on_stop()
