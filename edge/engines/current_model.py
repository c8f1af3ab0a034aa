# SPDX-License-Identifier: Apache-2.0
"""`CurrentModel`: the loaded model that several runners share, replaced while they run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.runners.runner import Runner


class CurrentModel:
    """A loaded model and the sentence why it is this one; `on_change` is told each new sentence.

    `generation` grows with every replacement. The last user to leave closes it, after calling `on_close`.
    """

    def __init__(self, model: Runner, reason: str, *, is_engine: bool, on_change: Callable[[str], None]) -> None:
        self.reason = reason
        self.is_engine = is_engine
        self.generation = 0
        self.on_close: Callable[[], None] = lambda: None
        self._model = model
        self._on_change = on_change
        self._users = 0
        self._lock = threading.Lock()
        on_change(reason)

    def join(self) -> None:
        """Count one user more."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Count one user less."""
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self.on_close()
            self._model.close()

    def runner(self) -> tuple[Runner, int]:
        """Return a runner of the model for one thread, and the generation it is of. Raises `ModelError`."""
        with self._lock:
            return self._model.sibling(), self.generation

    def replace(self, model: Runner, reason: str) -> None:
        """Let all users go over to an engine, each before its next frame."""
        with self._lock:
            old, self._model = self._model, model
            self.is_engine = True
            self.generation += 1
        old.close()
        self.explain(reason)

    def explain(self, reason: str) -> None:
        """Give another sentence."""
        self.reason = reason
        self._on_change(reason)
