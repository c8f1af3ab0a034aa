# SPDX-License-Identifier: Apache-2.0
"""What a service is asked for by signals."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

_STOPS = (signal.SIGTERM, signal.SIGINT)


class ServiceSignals:
    """While entered, SIGTERM and SIGINT ask for the end and SIGHUP for a reload; the second stop kills at once.

    The handlers set plain attributes, as they may interrupt whoever holds a lock; somebody has to look.

    Attributes:
        stopped_s: when the end was asked for, on the monotonic clock; None as long as it was not.
        number: the signal that asked for it.
        reload: whether a reload was asked for; to be set back by who does it.
    """

    def __init__(self) -> None:
        self.stopped_s: float | None = None
        self.number: int | None = None
        self.reload = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (*_STOPS, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a signal handler
        if number == signal.SIGHUP:
            self.reload = True
        elif self.stopped_s is None:
            self.number, self.stopped_s = number, time.monotonic()
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
