# SPDX-License-Identifier: Apache-2.0
"""When a gesture starts and ends, from results that may err for a frame."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from edge.results import FrameResult, Hand

EVENT_SCHEMA = "edge.event/1"
NO_GESTURE = frozenset({"no_gesture", "unknown"})

WINDOW_FRAMES, START_FRAMES = 5, 3
"""A gesture starts when it is in 3 of the last 5 results, and ends when it is in none of them."""

MOST_HELD = 64
"""Gestures that one source can have at the same time; each takes memory."""


@dataclass(frozen=True, slots=True)
class GestureEvent:
    """A gesture that started or ended.

    Attributes:
        track_id: the hand that makes it, where hands are tracked.
        frame, time_s: those of the result that decided it.
    """

    event: Literal["started", "ended"]
    source: str
    gesture: str
    handedness: str | None
    track_id: int | None
    frame: int
    time_s: float

    def to_dict(self) -> dict[str, Any]:
        """The event as it is published."""
        return {
            "schema": EVENT_SCHEMA,
            "event": self.event,
            "source": self.source,
            "gesture": self.gesture,
            "handedness": self.handedness,
            "track_id": self.track_id,
            "frame": self.frame,
            "time_s": round(self.time_s, 6),
        }


@dataclass(slots=True)
class _Held:
    handedness: str | None = None
    seen: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW_FRAMES))
    started: bool = False


class GestureEvents:
    """Turns the results of one source into events: by hand where hands are tracked, else by the name of the gesture."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int | None], _Held] = {}

    @property
    def active(self) -> list[str]:
        """Names of the gestures that started and did not end, without repeats, in the order of their start."""
        return list(dict.fromkeys(gesture for (gesture, _), held in self._held.items() if held.started))

    def update(self, result: FrameResult) -> list[GestureEvent]:
        """Take the next result and return what started or ended with it."""
        seen = {
            (hand.gesture.name, hand.track_id): _handedness(hand)
            for hand in result.hands
            if hand.gesture is not None and hand.gesture.name not in NO_GESTURE
        }
        for key in seen:
            if key not in self._held and len(self._held) < MOST_HELD:
                self._held[key] = _Held()
        events = []
        for key, held in list(self._held.items()):
            held.seen.append(key in seen)
            held.handedness = seen.get(key) or held.handedness
            if not held.started and sum(held.seen) >= START_FRAMES:
                held.started = True
                events.append(_event("started", key, held, result))
            elif not any(held.seen):
                del self._held[key]
                if held.started:
                    events.append(_event("ended", key, held, result))
        return events


def _handedness(hand: Hand) -> str | None:
    return None if hand.handedness is None else hand.handedness.name


def _event(
    kind: Literal["started", "ended"], key: tuple[str, int | None], held: _Held, result: FrameResult
) -> GestureEvent:
    gesture, track_id = key
    return GestureEvent(kind, result.source, gesture, held.handedness, track_id, result.frame, result.time_s)
