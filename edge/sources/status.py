# SPDX-License-Identifier: Apache-2.0
"""`SourceStatus`: how a live source fares, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.sources.supervision import SourceState


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a live source fares at a moment; all times are seconds on the monotonic clock.

    Attributes:
        name: the source, without any password.
        state, since_s: what it does, and since when.
        reason, message: why it is not live, or was not the last time: a `FaultReason`'s value, and the sentence.
        frames: pictures captured so far.
        last_frame_s: when the newest one came; None before the first.
        next_attempt_s: when it is opened again, where that is decided.
        dropped: pictures lost so far, by cause.
        reconnects: how often it became live again, by the reason it was lost.
        stalls: how often reading it hung beyond its time.
    """

    name: str
    state: SourceState
    since_s: float
    reason: str | None
    message: str | None
    frames: int
    last_frame_s: float | None
    next_attempt_s: float | None
    dropped: Mapping[str, int]
    reconnects: Mapping[str, int]
    stalls: int

    def to_dict(self, now_s: float) -> dict[str, Any]:
        """Return it for JSON, its times as seconds before or, for the next attempt, after `now_s`."""
        return {
            "source": self.name,
            "state": self.state.value,
            "for_s": round(max(now_s - self.since_s, 0.0), 3),
            "reason": self.reason,
            "message": self.message,
            "frames": self.frames,
            "last_frame_s": None if self.last_frame_s is None else round(max(now_s - self.last_frame_s, 0.0), 3),
            "next_attempt_s": None if self.next_attempt_s is None else round(max(self.next_attempt_s - now_s, 0.0), 3),
            "dropped": dict(self.dropped),
            "reconnects": dict(self.reconnects),
            "stalls": self.stalls,
        }
