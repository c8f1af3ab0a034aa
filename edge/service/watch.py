# SPDX-License-Identifier: Apache-2.0
"""`Watch`: the thread that looks at signals and heat, ends runs, and writes down what the service does."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from edge.errors import EdgeError, OutputError
from edge.service.kept_sink import KeptSink
from edge.service.notify import Notifier
from edge.service.signals import ServiceSignals
from edge.service.state import State
from edge.service.status import write_status

if TYPE_CHECKING:
    from typing_extensions import Self

TICK_S = 0.1
LOOK_S = 1.0
STOP_S = 3.0
"""How long an orderly end may take; then sinks are closed without waiting for the models."""
SINKS_S = 1.0

log = logging.getLogger("edge.service")


class Watch:
    """Ends the current run when a signal asks for it or a better pipeline waits, and the process when that takes long.

    Once a second it lets the cooling look at the sensors, and writes the status file and the manager's status line.
    """

    def __init__(self, state: State, signals: ServiceSignals, notifier: Notifier, *, status_file: Path | None) -> None:
        self._state, self._signals, self._notifier = state, signals, notifier
        self._status_file = status_file
        self._told = ""
        self._source_states: dict[str, str] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._state.is_stopped = True
        self._write()

    def _work(self) -> None:
        look_s = time.monotonic()
        while not self._done.wait(TICK_S):
            now_s = time.monotonic()
            try:
                self._heed(now_s)
                if now_s >= look_s:
                    look_s = now_s + LOOK_S
                    self._look()
            except Exception:
                log.exception("the watch goes on after an error")

    def _heed(self, now_s: float) -> None:
        """Do what signals and the replacement ask for."""
        current, replacement, signals = self._state.current, self._state.replacement, self._signals
        if signals.stopped_s is not None and not self._state.is_stopping:
            self._state.is_stopping = True
            self._notifier.stopping()
            log.info("stops")
        outdone = replacement is not None and replacement.pipeline is not None
        if current is not None and (signals.stopped_s is not None or signals.reload or outdone):
            current.run.stop()
        if signals.stopped_s is not None and now_s - signals.stopped_s > STOP_S:
            self._end_by_force()

    def _look(self) -> None:
        state = self._state
        state.cooling.look()
        if state.current is not None:
            for feed in state.current.session.feeds:
                feed.pace.step = state.cooling.step
        self._note_sources()
        doing = state.doing()
        if state.current is not None and doing != self._told and not state.is_stopping:
            self._told = doing
            self._notifier.status(doing)
        self._write()

    def _note_sources(self) -> None:
        """Tell the sinks when a source has come or gone; the log hears it of the source itself."""
        current = self._state.current
        if current is None:
            return
        for feed in current.session.feeds:
            name, told = feed.source.name, feed.state(time.monotonic())
            if told == self._source_states.get(name):
                continue
            self._source_states[name] = told
            for sink in current.session.sinks:
                sink.note_status(name, told)

    def _write(self) -> None:
        if self._status_file is not None:
            try:
                write_status(self._status_file, self._state.status())
            except OutputError as error:
                log.error("%s", error)  # noqa: TRY400 - a sentence for the user

    def _end_by_force(self) -> None:
        """Close the sinks, so that what is done is written, and leave: a model or a source does not return."""
        log.error("the run did not end within %g s; sinks are closed and the process leaves", STOP_S)
        current = self._state.current
        threads = [
            threading.Thread(target=_finish, args=(sink,), daemon=True)
            for sink in (current.session.sinks if current is not None else ())
        ]
        for thread in threads:
            thread.start()
        end_s = time.monotonic() + SINKS_S
        for thread in threads:
            thread.join(max(end_s - time.monotonic(), 0))
        logging.shutdown()
        os._exit(EdgeError.exit_code)


def _finish(sink: KeptSink) -> None:
    with suppress(EdgeError):
        sink.finish()
