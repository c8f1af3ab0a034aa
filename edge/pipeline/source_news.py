# SPDX-License-Identifier: Apache-2.0
"""`SourceNews`: tells when a live source changes its state, results or not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from edge.sources.status import SourceStatus

if TYPE_CHECKING:
    from typing_extensions import Self

LOOK_S = 0.5


class SourceNews:
    """Looks at the statuses of a run, in a thread while entered, and calls `note` with name and state of a change."""

    def __init__(self, statuses: Callable[[], Sequence[SourceStatus]], note: Callable[[str, str], None]) -> None:
        self._statuses, self._note = statuses, note
        self._told: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="source news", daemon=True)

    def __enter__(self) -> Self:
        if self._statuses():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def repeat(self) -> None:
        """Tell all states again, to those who were not there yet."""
        self._told = {}

    def _work(self) -> None:
        while not self._ended.wait(LOOK_S):
            told = self._told
            for status in self._statuses():
                if told.get(status.name) != status.state.value:
                    told[status.name] = status.state.value
                    self._note(status.name, status.state.value)
