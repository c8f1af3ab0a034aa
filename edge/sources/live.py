# SPDX-License-Identifier: Apache-2.0
"""`LiveSource`: a camera or stream that is opened, read and opened again in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from edge.errors import EdgeError
from edge.frame import Frame
from edge.sources.live_reader import Capture, FaultReason, LiveReader, ReaderError
from edge.sources.reconnect import Reconnect
from edge.sources.source import Source
from edge.sources.status import SourceStatus
from edge.sources.supervision import Action, Patience, SourceState, Supervision

CLOSE_TIMEOUT_S = 1.0
"""How long `close` waits for a call that hangs; its thread is left behind then, and ends with it."""

DEFAULT_PATIENCE = Patience()

_LOOK_S = 0.25

_LOG = logging.getLogger(__name__)


class LiveSource(Source):
    """The newest frames of a camera or stream; one that nobody fetched before the next came is dropped and counted.

    One thread opens and reads it through `open_reader`, and that thread alone can block in it. A fault is a state and a
    line in the log, unless `reconnect` makes an error of it. A reader that hangs beyond its time is told to close and
    is never replaced before its call came back: a second handle of the same device would fail or wedge it, and frames
    need not cross the border of a process that could be killed.

    Raises:
        ReaderError: the source cannot be opened and is not waited for; from `frames`, it failed and is given up.
        EdgeError: what else `open_reader` raises; that would be the same the next time.
    """

    live = True

    def __init__(
        self,
        name: str,
        open_reader: Callable[[], LiveReader],
        *,
        patience: Patience = DEFAULT_PATIENCE,
        reconnect: Reconnect | str = Reconnect.once_live,
    ) -> None:
        self.name = name
        self._open_reader = open_reader
        self._reconnect = Reconnect.from_name(reconnect)
        self._changed = threading.Condition()
        self._machine = Supervision(patience)
        self._reader: LiveReader | None = None
        self._newest: Frame | None = None
        self._message: str | None = None
        self._told: FaultReason | None = None
        self._error: EdgeError | None = None
        self._opened = self._closing = False
        self._close_by_s: float | None = None
        self._drops: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._serve, name=f"reader of {name}", daemon=True)
        self._thread.start()
        if self._reconnect is not Reconnect.always:
            self._wait_until_opened()

    @property
    def status(self) -> SourceStatus:
        """How it fares now; may be asked from any thread."""
        with self._changed:
            self._tick()
            machine = self._machine
            live = machine.state is SourceState.live
            waits = machine.state in {SourceState.absent, SourceState.backoff, SourceState.refused}
            return SourceStatus(
                name=self.name,
                state=machine.state,
                since_s=machine.since_s,
                reason=None if machine.reason is None else machine.reason.value,
                message=None if live else self._message,
                frames=machine.frames,
                last_frame_s=machine.last_frame_s if machine.frames else None,
                next_attempt_s=machine.deadline_s if waits else None,
                dropped=self._dropped(),
                reconnects={reason.value: count for reason, count in machine.reconnects.items()},
                stalls=machine.stalls,
            )

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames replaced by a newer one before anybody fetched them, shown before, or not decodable."""
        with self._changed:
            return self._dropped()

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame each time, waiting for one that was not yielded before, whatever happens meanwhile."""
        with self._changed:
            self._drops.clear()
        while True:
            with self._changed:
                while self._newest is None and self._error is None and not self._closing:
                    self._wait()
                frame, self._newest = self._newest, None
                error = self._error
            if frame is not None:
                yield frame
            elif self._closing:
                return
            elif error is not None:
                raise error

    def stop(self) -> None:
        """End `frames` within a moment. Takes no lock."""
        self._closing = True

    def begin_to_close(self) -> float:
        """Have its thread let go of the source, and return until when `close` waits for that."""
        with self._changed:
            self._closing = True
            reader, by_s = self._reader, self._close_by_s
            self._close_by_s = until_s = time.monotonic() + CLOSE_TIMEOUT_S if by_s is None else by_s
            self._changed.notify_all()
        if by_s is None and reader is not None and self._thread is not threading.current_thread():
            _close_aside(reader)
        return until_s

    def close(self) -> None:
        """Let go of the source; one whose call hangs is left to its thread after `CLOSE_TIMEOUT_S`."""
        by_s = self.begin_to_close()
        if self._thread is not threading.current_thread():
            self._thread.join(max(by_s - time.monotonic(), 0.0))

    @property
    def _frame_timeout_s(self) -> float:
        """How long the next picture may take; the first one of a handle may take longer."""
        patience = self._machine.patience
        if self._machine.state is SourceState.opening:
            return max(patience.first_frame_s, patience.stall_s)
        return patience.stall_s

    def _wait_until_opened(self) -> None:
        with self._changed:
            while not self._opened and self._error is None:
                self._wait()
            error = self._error
        if error is not None:
            self.stop()
            raise error

    def _wait(self) -> None:
        """Wait for news or the machine's next deadline; the lock is held."""
        if not self._tick():
            self._changed.wait(_LOOK_S)

    def _tick(self) -> bool:
        """Let time pass for a handle in use; return whether that changed anything. The lock is held."""
        was = self._machine.state
        if was not in {SourceState.opening, SourceState.live}:
            return False
        if self._machine.tick(time.monotonic()) is Action.none:
            return False
        patience = self._machine.patience
        if self._reader is None:
            told = f"did not open within {patience.open_s:g} s"
        elif was is SourceState.opening:
            told = f"opened but showed nothing within {patience.first_frame_s:g} s"
        else:
            told = f"delivered no frame for {patience.stall_s:g} s"
        self._fail(
            ReaderError(f"source {self.name} {told}; check its cable, power and network", reason=FaultReason.timeout)
        )
        if self._reader is not None:
            _close_aside(self._reader)
        return True

    def _serve(self) -> None:
        action = self._machine.start(time.monotonic())
        while action is Action.open:
            fault = self._attend()
            with self._changed:
                if self._machine.state is not SourceState.stalled:
                    self._fail(fault)
                self._machine.fault(fault.reason, time.monotonic())
                self._changed.notify_all()
                action = self._next_turn()
        with self._changed:
            self._machine.end(time.monotonic())
            self._changed.notify_all()

    def _next_turn(self) -> Action:
        """Wait until the source is to be opened again, or is wanted no more; the lock is held."""
        while not self._closing and self._error is None:
            now_s = time.monotonic()
            action = self._machine.tick(now_s)
            if action is not Action.none:
                return action
            self._changed.wait(min(_LOOK_S, max((self._machine.deadline_s or now_s) - now_s, 0.0)))
        return Action.none

    def _attend(self) -> ReaderError:
        """Open the source and read it until that ends, and return why; nothing of it is open afterwards."""
        reader = None
        try:
            reader = self._open_reader()
            if self._is_wanted(reader):
                while self._publish(reader.read(self._frame_timeout_s)):
                    pass
            return ReaderError(f"{self.name} was too late", reason=FaultReason.timeout)
        except ReaderError as error:
            return error
        except EdgeError as error:
            with self._changed:
                self._error = error
            return ReaderError(str(error), reason=FaultReason.settings)
        except Exception as error:  # noqa: BLE001 - a device may fail in ways that no reader foresaw
            return ReaderError(f"{self.name} failed: {type(error).__name__}: {error}", reason=FaultReason.connection)
        finally:
            if reader is not None:
                self._let_go(reader)

    def _is_wanted(self, reader: LiveReader) -> bool:
        with self._changed:
            self._tick()
            self._machine.opened(time.monotonic())
            if self._closing or self._machine.state is not SourceState.opening:
                return False
            self._reader, self.fps, self._opened = reader, reader.fps, True
            self._changed.notify_all()
            return True

    def _let_go(self, reader: LiveReader) -> None:
        with self._changed:
            self._reader = None
            self._drops.update(_dropped_by(reader))
        with suppress(Exception):  # it failed already, and the fault is known
            reader.close()

    def _publish(self, capture: Capture) -> bool:
        """Offer a picture; return whether another one is wanted."""
        with self._changed:
            self._tick()
            now_s, previous_s = time.monotonic(), self._machine.last_frame_s
            index = self._machine.frame(capture.time_ns, now_s)
            if self._closing or self._machine.state not in {SourceState.opening, SourceState.live}:
                return False
            if index is None:
                self._drops["shown before"] += 1
                return True
            if self._told is not None:
                self._told = None
                behind = f" again, {now_s - previous_s:.1f} s after its last frame" if index else ""
                _LOG.warning("%s is live%s", self.name, behind)
            self._drops["newer frame came"] += self._newest is not None
            self._newest = Frame(capture.pixels, capture.pixel_format, capture.time_ns, index, self.name)
            self._changed.notify_all()
            return True

    def _fail(self, fault: ReaderError) -> None:
        """Tell of a fault, or make an error of it where it is not survived; the lock is held."""
        self._message = str(fault)
        survives = self._reconnect is Reconnect.always or (
            self._reconnect is Reconnect.once_live and self._machine.frames > 0
        )
        if not survives and self._error is None and not self._closing:
            self._error = fault
        elif self._error is None and not self._closing and self._told is not fault.reason:
            self._told = fault.reason
            _LOG.warning("%s (%s); it is tried again until it works", fault, fault.reason.value)
        self._changed.notify_all()

    def _dropped(self) -> dict[str, int]:
        return dict(self._drops + Counter(_dropped_by(self._reader)))


def _dropped_by(reader: LiveReader | None) -> Mapping[str, int]:
    """Return what a reader lost by itself, where it counts that."""
    lost: Mapping[str, int] = getattr(reader, "dropped", {})
    return lost


def _close_aside(reader: LiveReader) -> None:
    """Tell a reader to close, in a thread: its device may hang in that too."""

    def close() -> None:
        with suppress(Exception):
            reader.close()

    threading.Thread(target=close, name="closing a reader", daemon=True).start()
