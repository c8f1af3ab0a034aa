# SPDX-License-Identifier: Apache-2.0
"""`Service`: runs a job until it is told to stop, and says what it does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from edge.errors import EdgeError
from edge.pipeline.run import PipelineRun
from edge.results import FrameResult
from edge.service.cooling import Cooling
from edge.service.heartbeat import HEARTBEAT
from edge.service.job import ServiceJob, Session
from edge.service.notify import Notifier
from edge.service.replacement import Replacement, gpu_fault
from edge.service.sensors import Sensors
from edge.service.signals import ServiceSignals
from edge.service.state import CurrentRun, State
from edge.service.watch import Watch

START_S = 300.0
"""How long opening may take before the manager's own limit counts."""
_IDLE_S = 5.0
_IDLES_IN_WATCHDOG = 4

log = logging.getLogger("edge.service")


class Service:
    """`load_job` reads the configuration, first and at each reload; `status_file` is where the last state is kept.

    The manager hears of it when the models have answered for the first time, and a ping only when they have answered
    again: models that hang for ever are not alive, a camera that is dead does not matter, as heartbeats go through the
    models in its place.
    """

    def __init__(
        self, load_job: Callable[[], ServiceJob], notifier: Notifier, *, status_file: Path | None, sensors: Sensors
    ) -> None:
        self._load_job, self._notifier, self._sensors = load_job, notifier, sensors
        self._status_file = status_file
        self._idle_s = min(_IDLE_S, (notifier.watchdog_s or _IDLE_S * _IDLES_IN_WATCHDOG) / _IDLES_IN_WATCHDOG)
        self._pinged_s: float | None = None
        self._session: Session
        self._first_run: PipelineRun | None = None
        self._has_other_cores = False
        self._state: State

    def run(self) -> int:
        """Run until a signal or the end of a recording; return the exit code. Raises `EdgeError`."""
        with ServiceSignals() as signals:
            with self._notifier.extending_timeout(START_S):
                self._session = Session(self._load_job(), idle_s=self._idle_s)
            self._state = State(self._cooling())
            try:
                with Watch(self._state, signals, self._notifier, status_file=self._status_file):
                    self._improve()
                    while self._serve(signals):
                        pass
                    self._close()
            except BaseException:
                self._close()
                raise
        log.info("stopped")
        return 0 if signals.number is None else 128 + signals.number

    def _serve(self, signals: ServiceSignals) -> bool:
        """Do one run; return whether there is another."""
        state = self._state
        run, self._first_run = self._first_run or self._session.start(), None
        state.current = CurrentRun(run, self._session)
        with run:
            for result in run:
                self._answered(result)
                self._heed_cores()
        self._session.ended(run.summary())
        if signals.stopped_s is not None:
            return False
        state.current = None
        if signals.reload:
            signals.reload = False
            self._reload()
            return True
        better = None if state.replacement is None else state.replacement.taken()
        if better is None:
            return False
        self._session.adopt(better)
        log.info("goes over to %s: %s", better.device.name, better.device.reason)
        return True

    def _answered(self, result: FrameResult) -> None:
        now_s = self._session.answered_s = time.monotonic()
        self._state.answered(now_s, is_heartbeat=result.source == HEARTBEAT)
        if self._pinged_s is None:
            told = self._state.doing()
            self._notifier.ready(told)
            log.info("ready: %s", told)
        elif now_s - self._pinged_s < self._idle_s / 2:
            return
        self._pinged_s = now_s
        if self._notifier.watchdog_s is not None:
            self._notifier.ping()

    def _cooling(self) -> Cooling:
        return Cooling(self._session.job.settings.cooling, self._sensors, on_cores=self._note_cores)

    def _note_cores(self) -> None:
        """Note that the number of cores is another one; called by the thread that watches."""
        self._has_other_cores = True

    def _heed_cores(self) -> None:
        """Open the models again for the cores there are, once no other opening is under way."""
        pending = self._state.replacement
        if not self._has_other_cores or (pending is not None and pending.is_pending):
            return
        self._has_other_cores = False
        device = self._session.job.device if self._state.no_gpu is None else "cpu"
        on_gpu = self._session.pipeline.device.name != "cpu"
        self._replace("opens the models for other cores", device, needs_gpu=on_gpu)

    def _improve(self) -> None:
        """Go over to the GPU as soon as it is ready, if one is wanted and there."""
        device = self._session.job.device
        fault = self._state.no_gpu = None if device == "cpu" else gpu_fault()
        if device != "cpu" and fault is None:
            self._replace("loads or builds the engines of the GPU", device, needs_gpu=True)
        elif device == "gpu":
            log.error("stays on the processor: %s", fault)

    def _replace(self, doing: str, device: str, *, needs_gpu: bool) -> None:
        self._forget_replacement()
        job = self._session.job
        self._state.replacement = Replacement(lambda: job.open_pipeline(device), doing, needs_gpu=needs_gpu)

    def _forget_replacement(self) -> None:
        before, self._state.replacement = self._state.replacement, None
        if before is not None:
            before.give_up()

    def _reload(self) -> None:
        """Take the configuration as it is now, or keep the old one and say why."""
        self._notifier.reloading()
        with self._notifier.extending_timeout(START_S):
            try:
                job = self._load_job()
            except EdgeError as error:
                log.error("the new configuration is not used, the old one goes on: %s", error)  # noqa: TRY400
            else:
                self._change_to(job)
        self._pinged_s = None

    def _change_to(self, job: ServiceJob) -> None:
        before = self._session.job
        self._forget_replacement()
        self._has_other_cores = False
        _close_and_tell(self._session)
        try:
            self._open(job)
            log.info("the configuration was read again")
        except EdgeError as error:
            log.error("the new configuration does not work, the old one goes on: %s", error)  # noqa: TRY400
            self._open(before)
        self._state.cooling = self._cooling()
        self._improve()

    def _open(self, job: ServiceJob) -> None:
        """Open a job and start its first run, which opens the sinks. Raises `EdgeError`; nothing stays open then."""
        session = Session(job, idle_s=self._idle_s)
        try:
            self._first_run = session.start()
        except BaseException:
            _close_and_tell(session)
            raise
        self._session = session

    def _close(self) -> None:
        if self._state.replacement is not None:
            self._state.replacement.give_up()
        self._session.close()


def _close_and_tell(session: Session) -> None:
    """Close a session; what goes wrong is told and holds nothing up."""
    try:
        session.close()
    except EdgeError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for the user
