# SPDX-License-Identifier: Apache-2.0
"""`Votes`: one label out of many answers over time."""

from __future__ import annotations

import math

LEAD = 1.3
"""How many times the votes of the elected label another one needs to take its place."""


class Votes:
    """Answers vote with their scores, and a vote fades with a time constant of `memory_s` seconds.

    The elected label stays until another one has `LEAD` times its votes, so that two of about the same
    probability do not take turns.
    """

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._votes: dict[int, float] = {}
        self._answers = 0.0
        self._elected = -1

    def add(self, label_id: int, score: float, *, passed_s: float) -> None:
        """Count an answer, `passed_s` after the one before; a negative id is no answer."""
        if label_id < 0:
            return
        fade = math.exp(-passed_s / self._memory_s)
        self._votes = {known: votes * fade for known, votes in self._votes.items()}
        self._answers = self._answers * fade + 1
        self._votes[label_id] = self._votes.get(label_id, 0.0) + score
        best = max(self._votes, key=self._votes.__getitem__)
        if self._votes[best] > LEAD * self._votes.get(self._elected, 0.0):
            self._elected = best

    @property
    def elected(self) -> tuple[int, float]:
        """The id of the label and its score, the mean over all answers that count; -1 and 0 before the first."""
        if self._elected < 0:
            return -1, 0.0
        return self._elected, min(self._votes[self._elected] / self._answers, 1.0)
