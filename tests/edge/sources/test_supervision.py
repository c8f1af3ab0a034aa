# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.sources.live_reader import FaultReason
from edge.sources.supervision import Action, Patience, SourceState, Supervision

PATIENCE = Patience()
SLACK_S = 1.0
reasons = st.sampled_from(FaultReason)


class SupervisedSource(RuleBasedStateMachine):
    """An owner that does as it is told, on a clock of its own, with a source that does whatever it likes."""

    @initialize(seed=st.integers(0, 999))
    def begin(self, seed: int) -> None:
        self.now_s, self.captured_ns = 1000.0, 0
        self.machine = Supervision(PATIENCE, uniform=random.Random(seed).uniform)
        self.handles = self.most_handles = 0
        self.is_opening = False
        self.shown: list[tuple[int, int]] = []
        self.pauses_s: list[float] = []
        self.frame_s: float | None = None
        self._do(self.machine.start(self.now_s))

    def _do(self, action: Action) -> None:
        if action is Action.open:
            assert self.handles == 0
            assert not self.is_opening
            self.is_opening = True

    @rule(passed_s=st.one_of(st.floats(0, 0.5), st.floats(0, 70)))
    def time_passes(self, passed_s: float) -> None:
        """Let time pass; whatever falls due is done as it falls due, up to a scheduler's slack."""
        end_s = self.now_s + passed_s
        while self.machine.deadline_s is not None and self.machine.deadline_s <= end_s:
            self.now_s = max(self.now_s, self.machine.deadline_s)
            before = self.machine.state
            self._do(self.machine.tick(self.now_s))
            assert self.machine.state is not before
        self.now_s = end_s

    @precondition(lambda self: self.is_opening)
    @rule()
    def opens(self) -> None:
        """Give a handle, maybe late."""
        self.is_opening = False
        self.handles += 1
        self.machine.opened(self.now_s)

    @precondition(lambda self: self.handles)
    @rule(step_ns=st.integers(-5, 50))
    def shows(self, step_ns: int) -> None:
        """Give a picture, maybe one that was there before, maybe from a handle that was given up."""
        self.captured_ns += step_ns
        number = self.machine.frame(self.captured_ns, self.now_s)
        if number is not None:
            self.shown.append((number, self.captured_ns))
            self.frame_s = self.now_s

    @precondition(lambda self: self.handles or self.is_opening)
    @rule(reason=reasons)
    def fails(self, reason: FaultReason) -> None:
        """Close the handle, or fail to give one."""
        attempts = self.machine.attempts
        self.handles, self.is_opening = 0, False
        pause_s = self.machine.pause_s
        self.machine.fault(reason, self.now_s)
        if self.machine.state is SourceState.refused:
            assert self.machine.deadline_s == self.now_s + PATIENCE.refused_s
            return
        if self.machine.attempts <= attempts:
            self.pauses_s = []
        assert self.machine.deadline_s is not None
        waits_s = self.machine.deadline_s - self.now_s
        assert waits_s <= PATIENCE.backoff_s[-1] * (1 + PATIENCE.jitter) + 1e-6
        self.pauses_s.append(pause_s if self.machine.attempts > attempts else PATIENCE.backoff_s[0])

    @invariant()
    def pauses_grow_to_their_cap(self) -> None:
        assert self.pauses_s == sorted(self.pauses_s)
        assert not self.pauses_s or self.pauses_s[-1] <= PATIENCE.backoff_s[-1]

    @invariant()
    def numbers_and_times_strictly_increase(self) -> None:
        assert [number for number, _ in self.shown] == list(range(len(self.shown)))
        times_ns = [time_ns for _, time_ns in self.shown]
        assert times_ns == sorted(set(times_ns))

    @invariant()
    def opening_is_bounded(self) -> None:
        if self.machine.state is SourceState.opening:
            most_s = PATIENCE.open_s + (PATIENCE.first_frame_s if self.handles else 0)
            assert self.now_s - self.machine.since_s <= most_s + SLACK_S

    @invariant()
    def live_means_a_frame_within_the_stall_time(self) -> None:
        if self.machine.state is SourceState.live:
            assert self.frame_s is not None
            assert self.now_s - self.frame_s <= PATIENCE.stall_s

    @invariant()
    def a_handle_is_there_or_awaited_unless_it_waits(self) -> None:
        waits = self.machine.state in {SourceState.absent, SourceState.backoff, SourceState.refused}
        assert waits == (not self.handles and not self.is_opening)


TestSupervisedSource = SupervisedSource.TestCase
TestSupervisedSource.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def opened_and_live(machine: Supervision, now_s: float) -> None:
    machine.opened(now_s)
    assert machine.frame(round(now_s * 1e9), now_s) is not None


def test_pauses_follow_the_steps_and_start_anew_after_health() -> None:
    machine = Supervision(PATIENCE, uniform=lambda _low, _high: 1.0)
    now_s = 0.0
    assert machine.start(now_s) is Action.open
    waited_s = []
    for _ in range(7):
        machine.fault(FaultReason.connection, now_s)
        assert machine.deadline_s is not None
        waited_s.append(machine.deadline_s - now_s)
        now_s = machine.deadline_s
        assert machine.tick(now_s) is Action.open
    assert waited_s == pytest.approx([0.5, 1, 2, 5, 10, 10, 10])
    opened_and_live(machine, now_s)
    for second in range(31):
        machine.frame(round((now_s + second) * 1e9) + 1, now_s + second)
    machine.fault(FaultReason.ended, now_s + 31)
    assert machine.deadline_s == pytest.approx(now_s + 31.5)
    assert machine.reconnects == {}


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (FaultReason.not_found, SourceState.absent),
        (FaultReason.removed, SourceState.absent),
        (FaultReason.connection, SourceState.backoff),
        (FaultReason.permission, SourceState.backoff),
        (FaultReason.authentication, SourceState.refused),
        (FaultReason.settings, SourceState.refused),
    ],
)
def test_reason_decides_how_to_wait(reason: FaultReason, state: SourceState) -> None:
    machine = Supervision(PATIENCE)
    machine.start(0)
    machine.fault(reason, 1)
    assert (machine.state, machine.reason) == (state, reason)


def test_stall_lasts_until_the_call_came_back_and_is_told_as_one() -> None:
    machine = Supervision(PATIENCE)
    machine.start(0)
    opened_and_live(machine, 1)
    assert machine.tick(1 + PATIENCE.stall_s) is Action.close
    assert machine.tick(1000) is Action.none
    assert machine.frame(10**15, 1000) is None
    machine.fault(FaultReason.ended, 1001)
    assert (machine.state, machine.reason, machine.stalls) == (SourceState.backoff, FaultReason.timeout, 1)
    assert machine.tick(1002) is Action.open
    opened_and_live(machine, 1002.5)
    assert machine.reconnects == {FaultReason.timeout: 1}


def test_ended_stays_ended() -> None:
    machine = Supervision(PATIENCE)
    machine.start(0)
    machine.end(1)
    machine.fault(FaultReason.ended, 2)
    assert (machine.state, machine.tick(1e9)) == (SourceState.ended, Action.none)
