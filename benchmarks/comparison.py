# SPDX-License-Identifier: Apache-2.0
"""`Comparison`: two things measured in turns on the same machine, so that its other load meets both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Seen:
    """What one side made of a video, which shows whether both did the same work."""

    frames: int
    hands: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians over `rounds`; `unit` is "ms", of which fewer are better, or "FPS", of which more are.

    `ours_seen` and `theirs_seen` are None where nobody counted.
    """

    subject: str
    ours: str
    theirs: str
    unit: Literal["ms", "FPS"]
    our_value: float
    their_value: float
    rounds: int
    ours_seen: Seen | None = None
    theirs_seen: Seen | None = None

    @property
    def times_as_fast(self) -> float:
        """Return how many times as fast ours is."""
        ratio = self.our_value / self.their_value
        return ratio if self.unit == "FPS" else 1 / ratio

    def to_dict(self) -> dict[str, object]:
        """Return what is stored."""
        return {
            "subject": self.subject,
            "ours": self.ours,
            "theirs": self.theirs,
            "unit": self.unit,
            "our_value": round(self.our_value, 4),
            "their_value": round(self.their_value, 4),
            "times_as_fast": round(self.times_as_fast, 3),
            "rounds": self.rounds,
            **({"ours_seen": asdict(self.ours_seen)} if self.ours_seen else {}),
            **({"theirs_seen": asdict(self.theirs_seen)} if self.theirs_seen else {}),
        }


def in_turns(
    subject: str,
    *,
    ours: tuple[str, Callable[[], float]],
    theirs: tuple[str, Callable[[], float]],
    unit: Literal["ms", "FPS"],
    rounds: int,
) -> Comparison:
    """Measure ours and theirs by turns and return the medians; the first round of each is not counted."""
    pairs = [(ours[1](), theirs[1]()) for _ in range(rounds + 1)][1:]
    our_value, their_value = (median(values) for values in zip(*pairs, strict=True))
    return Comparison(subject, ours[0], theirs[0], unit, our_value, their_value, rounds)
