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


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A frame on its way to a lane.

    Attributes:
        place: its place in the order of results.
        time_s: what its result carries as time.
        capture_ms: how long its source took for it.
    """

    place: int
    frame: Frame
    time_s: float
    capture_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A frame with its result."""

    frame: Frame
    result: FrameResult


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """An error in the place of a result, so that every earlier result still comes out before it."""

    error: BaseException


class Conveyor:
    """A monitor with bounded memory: at most `capacity` frames, and `MAX_HELD_BYTES`, are between capture and delivery.

    A frame yet to be captured counts as large as the one before it, and one frame always has room.
    Capture waits for room, lanes wait for frames, the consumer waits for the next result in order. `abort` wakes
    everybody for good.
    """

    def __init__(self, capacity: int) -> None:
        lock = threading.Lock()
        self._room_or_abort = threading.Condition(lock)
        self._frame_or_end = threading.Condition(lock)
        self._result_or_end = threading.Condition(lock)
        self._capacity = capacity
        self._waiting: deque[Captured] = deque()
        self._done: dict[int, Finished | Failed] = {}
        self._captured = self._delivered = 0
        self._held_bytes = self._latest_bytes = 0
        self._ended = self._aborted = False

    def wait_for_room(self) -> bool:
        """Wait until one more frame may be captured; False once the run was aborted."""
        with self._room_or_abort:
            while not self._aborted and not self._has_room():
                self._room_or_abort.wait()
            return not self._aborted

    def put(self, frame: Frame, *, time_s: float, capture_ms: float) -> None:
        """Hand a captured frame to the lanes."""
        with self._frame_or_end:
            self._waiting.append(Captured(self._captured, frame, time_s, capture_ms))
            self._captured += 1
            self._latest_bytes = frame.pixels.nbytes
            self._held_bytes += self._latest_bytes
            self._frame_or_end.notify()

    def end(self, error: BaseException | None = None) -> None:
        """Say that no frame comes after those captured, and why, if that is an error."""
        with self._frame_or_end:
            if error is not None:
                self._done[self._captured] = Failed(error)
                self._captured += 1
            self._ended = True
            self._frame_or_end.notify_all()
            self._result_or_end.notify_all()

    def take(self) -> Captured | None:
        """The next frame for a lane; None when there will be none."""
        with self._frame_or_end:
            while not self._waiting and not self._ended and not self._aborted:
                self._frame_or_end.wait()
            return None if self._aborted or not self._waiting else self._waiting.popleft()

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
            self._delivered += 1
            if isinstance(outcome, Failed):
                raise outcome.error
            self._held_bytes -= outcome.frame.pixels.nbytes
            self._room_or_abort.notify()
            return outcome

    def abort(self) -> None:
        """Wake and dismiss everybody; frames that are not delivered yet are forgotten."""
        with self._room_or_abort:
            self._aborted = True
            self._waiting.clear()
            self._done.clear()
            self._room_or_abort.notify_all()
            self._frame_or_end.notify_all()
            self._result_or_end.notify_all()

    def _has_room(self) -> bool:
        held = self._captured - self._delivered
        return held == 0 or (held < self._capacity and self._held_bytes + self._latest_bytes <= MAX_HELD_BYTES)
