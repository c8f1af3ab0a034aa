# SPDX-License-Identifier: Apache-2.0
"""`Sampler`: readings of a whole run, in fixed memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, TypeVar

Sample = TypeVar("Sample")

KEPT = 1024
"""Most samples that are kept; when they are full, every second one goes and the interval doubles."""


class Sampler(Generic[Sample]):
    """Calls `read` at once, every `interval_s` in a thread of its own, and once more when it is left."""

    def __init__(self, read: Callable[[], Sample], *, interval_s: float = 0.5) -> None:
        self.interval_s = interval_s
        self._read = read
        self._samples: list[Sample] = []
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._work, name="telemetry", daemon=True)
        self._error: Exception | None = None

    @property
    def samples(self) -> Sequence[Sample]:
        """What was read so far, the oldest first."""
        return tuple(self._samples)

    def __enter__(self) -> Sampler[Sample]:
        self._samples.append(self._read())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error
        if error is None:
            self._samples.append(self._read())

    def _work(self) -> None:
        while not self._leaving.wait(self.interval_s):
            try:
                self._samples.append(self._read())
            except Exception as error:  # noqa: BLE001 - raised where the sampler is left
                self._error = error
                return
            if len(self._samples) >= KEPT:
                self._samples = self._samples[::2]
                self.interval_s *= 2
