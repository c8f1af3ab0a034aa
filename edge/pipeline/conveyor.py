# SPDX-License-Identifier: Apache-2.0
"""The one place where the threads of a run meet: frames go in, results come out in the same order."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from edge.frame import Frame
from edge.results import FrameResult

MAX_HELD_BYTES = 512 * 2**20
"""Pixels that may be held at one place, unless one frame alone has more: 20 frames of 3840 x 2160."""

_LATE_FRAMES = 4
"""A source without a frame among the latest ones, this many a source, leaves its share to the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A frame on its way to a lane.

    Attributes:
        place: its place in the order of results.
        source, turn: which source it is of, and its place among those of that source.
        time_s: what its result carries as time.
        capture_ms: how long its source took for it.
    """

    place: int
    frame: Frame
    time_s: float
    capture_ms: float
    source: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A frame with its result."""

    frame: Frame
    result: FrameResult


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """An error in the place of a result, so that every earlier result still comes out before it."""

    error: BaseException


@dataclass(slots=True)
class _Feeder:
    """One source's part of what is held.

    Attributes:
        waiting: its frames that no lane took yet.
        held: its frames that are not delivered yet.
        captured: how many there were.
        latest_bytes, latest_place: size and place of its latest one.
        ended: whether it has no more frames.
    """

    waiting: deque[Captured]
    held: int = 0
    captured: int = 0
    latest_bytes: int = 0
    latest_place: int = 0
    ended: bool = False


class Conveyor:
    """A monitor with bounded memory: at most `capacity` frames, and `MAX_HELD_BYTES`, are between capture and delivery.

    A frame yet to be captured counts as large as the one before it. One frame of each of the `sources` always has
    room; the room for more is shared evenly by those that had frames of late, so that a camera that is off keeps none.
    Capture waits for room, lanes wait for frames and take those of the sources in turn, the consumer waits for the next
    result in the order of capture. `abort` wakes everybody for good.
    """

    def __init__(self, capacity: int, *, sources: int = 1) -> None:
        lock = threading.Lock()
        self._room_or_abort = threading.Condition(lock)
        self._frame_or_end = threading.Condition(lock)
        self._result_or_end = threading.Condition(lock)
        self._capacity = capacity
        self._feeders = [_Feeder(deque()) for _ in range(sources)]
        self._turns = deque(self._feeders)
        self._done: dict[int, Finished | Failed] = {}
        self._owners: dict[int, _Feeder] = {}
        self._captured = self._delivered = self._held_bytes = 0
        self._aborted = False

    def wait_for_room(self, source: int = 0) -> bool:
        """Wait until one more frame of a source may be captured; False once the run was aborted."""
        feeder = self._feeders[source]
        with self._room_or_abort:
            while not self._aborted and not self._has_room(feeder):
                self._room_or_abort.wait()
            return not self._aborted

    def put(self, frame: Frame, *, time_s: float, capture_ms: float, source: int = 0) -> None:
        """Hand a captured frame to the lanes."""
        with self._frame_or_end:
            feeder = self._feeders[source]
            feeder.waiting.append(Captured(self._captured, frame, time_s, capture_ms, source, feeder.captured))
            feeder.held += 1
            feeder.captured += 1
            feeder.latest_bytes, feeder.latest_place = frame.pixels.nbytes, self._captured
            self._owners[self._captured] = feeder
            self._captured += 1
            self._held_bytes += frame.pixels.nbytes
            self._frame_or_end.notify()

    def end(self, error: BaseException | None = None, *, source: int = 0) -> None:
        """Say that no frame of a source comes after those captured, and why, if that is an error."""
        with self._frame_or_end:
            if error is not None:
                self._done[self._captured] = Failed(error)
                self._captured += 1
            self._feeders[source].ended = True
            self._frame_or_end.notify_all()
            self._result_or_end.notify_all()

    def take(self) -> Captured | None:
        """The next frame for a lane; None when there will be none."""
        with self._frame_or_end:
            while not self._aborted:
                for _ in self._feeders:
                    self._turns.rotate(-1)
                    if self._turns[-1].waiting:
                        return self._turns[-1].waiting.popleft()
                if self._ended:
                    break
                self._frame_or_end.wait()
            return None

    def finish(self, place: int, outcome: Finished | Failed) -> None:
        """Put a result, or what went wrong, in the place of its frame."""
        with self._result_or_end:
            self._done[place] = outcome
            if place == self._delivered:
                self._result_or_end.notify()

    def next_in_order(self) -> Finished | None:
        """The next result, waited for; None after the last one.

        Raises the error that stands in the place of a result.
        """
        with self._result_or_end:
            while self._delivered not in self._done:
                if self._aborted or (self._ended and self._delivered == self._captured):
                    return None
                self._result_or_end.wait()
            outcome = self._done.pop(self._delivered)
            owner = self._owners.pop(self._delivered, None)
            self._delivered += 1
            if isinstance(outcome, Failed):
                raise outcome.error
            if owner is not None:
                owner.held -= 1
            self._held_bytes -= outcome.frame.pixels.nbytes
            self._room_or_abort.notify_all()
            return outcome

    def abort(self) -> None:
        """Wake and dismiss everybody; frames that are not delivered yet are forgotten."""
        with self._room_or_abort:
            self._aborted = True
            self._done.clear()
            self._owners.clear()
            for feeder in self._feeders:
                feeder.waiting.clear()
            self._room_or_abort.notify_all()
            self._frame_or_end.notify_all()
            self._result_or_end.notify_all()

    @property
    def _ended(self) -> bool:
        return all(feeder.ended for feeder in self._feeders)

    def _has_room(self, feeder: _Feeder) -> bool:
        if feeder.held == 0:
            return True
        of_late = self._captured - _LATE_FRAMES * len(self._feeders)
        sharing = sum(not other.ended and other.latest_place >= of_late for other in self._feeders)
        held = sum(other.held for other in self._feeders)
        return (
            feeder.held < max(1, self._capacity // max(1, sharing))
            and held < self._capacity
            and self._held_bytes + feeder.latest_bytes <= MAX_HELD_BYTES
        )
