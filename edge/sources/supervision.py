# SPDX-License-Identifier: Apache-2.0
"""`Supervision`: what a live source is doing and what is to be done next, as a pure state machine."""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from edge.sources.live_reader import FaultReason


class SourceState(str, enum.Enum):
    """What a live source is doing.

    absent: there is nothing at its place, and it is looked for again.
    opening: it is being opened, or has not shown a picture yet.
    live: it showed a new picture within the stall time.
    stalled: it showed none, and its handle has not come back yet.
    backoff: it failed, and is opened again in a while.
    refused: opening it again soon would not help (a wrong password, an unknown codec); it is tried once a minute.
    ended: nothing is done any more.
    """

    absent = "absent"
    opening = "opening"
    live = "live"
    stalled = "stalled"
    backoff = "backoff"
    refused = "refused"
    ended = "ended"


class Action(enum.Enum):
    """What the owner of the machine is to do: `open` the source, or `close` the handle that hangs."""

    none = "none"
    open = "open"
    close = "close"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds.

    Attributes:
        open_s: for a handle.
        first_frame_s: from there to the first picture; a camera may send a key frame every ten seconds only.
        stall_s: from one picture to the next.
        backoff_s: between attempts, the last one for all that follow; each is varied by up to `jitter` of itself.
        healthy_s: how long a source must be live until the next fault counts as the first.
        refused_s: between attempts where another one soon would not help.
    """

    open_s: float = 5.0
    first_frame_s: float = 10.0
    stall_s: float = 5.0
    backoff_s: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0)
    jitter: float = 0.2
    healthy_s: float = 30.0
    refused_s: float = 60.0


_REFUSALS = frozenset(
    {FaultReason.authentication, FaultReason.tls_certificate, FaultReason.codec, FaultReason.settings}
)
_ABSENCES = frozenset({FaultReason.not_found, FaultReason.removed})
_WAITING = frozenset({SourceState.absent, SourceState.backoff, SourceState.refused})


class Supervision:
    """The state of one live source; every method is an event, `now_s` its time on a clock that never runs back.

    The owner opens the source when told to, and tells `opened`, each `frame`, and a `fault` once the handle is closed;
    it calls `tick` at `deadline_s`, or whenever it likes. There is one handle at a time: after `stalled` the next
    attempt waits until the owner tells the `fault` of the call that hung.

    Attributes:
        state, since_s: what it does, and since when.
        deadline_s: when `tick` has something to do; None for never.
        reason: why it is not live, or was not the last time.
        frames: pictures so far; the number of the next one.
        attempts: attempts to open it since it was last healthy, which choose the pause after the next fault.
        reconnects: how often it became live again, by the reason it was lost.
        stalls: how often a handle hung beyond its time.
    """

    def __init__(self, patience: Patience, *, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self.patience = patience
        self.state = SourceState.absent
        self.since_s = self.last_frame_s = float("-inf")
        self.deadline_s: float | None = None
        self.reason: FaultReason | None = None
        self.frames = self.attempts = self.stalls = 0
        self.reconnects: Counter[FaultReason] = Counter()
        self._uniform = uniform
        self._newest_ns = -(2**63)
        self._live_since_s = float("inf")

    def start(self, now_s: float) -> Action:
        """Begin."""
        return self._open(now_s)

    def opened(self, now_s: float) -> None:
        """Note that there is a handle; it has shown nothing yet."""
        if self.tick(now_s) is Action.none and self.state is SourceState.opening:
            self.deadline_s = now_s + self.patience.first_frame_s

    def frame(self, captured_ns: int, now_s: float) -> int | None:
        """Note a picture and return its number; None where it may not be shown, as it is late or was shown already."""
        self.tick(now_s)
        if self.state not in {SourceState.opening, SourceState.live} or captured_ns <= self._newest_ns:
            return None
        if self.state is SourceState.opening:
            if self.frames and self.reason is not None:
                self.reconnects[self.reason] += 1
            self._live_since_s = now_s
            self._enter(SourceState.live, now_s)
        self._newest_ns, self.last_frame_s = captured_ns, now_s
        self.deadline_s = now_s + self.patience.stall_s
        self.frames += 1
        return self.frames - 1

    def fault(self, reason: FaultReason, now_s: float) -> None:
        """Note that the source failed, and that its handle is closed."""
        if self.state is SourceState.ended:
            return
        if self.state is SourceState.stalled and self.reason is not None:
            reason = self.reason
        if self.last_frame_s - self._live_since_s >= self.patience.healthy_s:
            self.attempts = 0
        self._live_since_s = float("inf")
        self.reason = reason
        if reason in _REFUSALS:
            self._enter(SourceState.refused, now_s, self.patience.refused_s)
            return
        state = SourceState.absent if reason in _ABSENCES else SourceState.backoff
        spread = self.patience.jitter
        self._enter(state, now_s, self.pause_s * self._uniform(1 - spread, 1 + spread))
        self.attempts += 1

    @property
    def pause_s(self) -> float:
        """The pause after the next fault, before it is varied."""
        steps_s = self.patience.backoff_s
        return steps_s[min(self.attempts, len(steps_s) - 1)]

    def tick(self, now_s: float) -> Action:
        """Note the time, and return what is to be done."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return Action.none
        if self.state in _WAITING:
            return self._open(now_s)
        self.stalls += 1
        self.reason = FaultReason.timeout
        self._enter(SourceState.stalled, now_s)
        return Action.close

    def end(self, now_s: float) -> None:
        """Note that nothing is wanted of the source any more."""
        self._enter(SourceState.ended, now_s)

    def _open(self, now_s: float) -> Action:
        self._enter(SourceState.opening, now_s, self.patience.open_s)
        return Action.open

    def _enter(self, state: SourceState, now_s: float, for_s: float | None = None) -> None:
        self.state, self.since_s = state, now_s
        self.deadline_s = None if for_s is None else now_s + for_s
