# SPDX-License-Identifier: Apache-2.0
"""`GestureScore`: how well gestures are told apart, on given boxes or behind a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class GestureScore:
    """F1 of each class that occurs in the truth; `found` of `hands` were given to the classifier.

    A hand that the detector missed is an error of its class, so `macro_f1` is that of the whole cascade.
    """

    hands: int
    found: int
    f1: dict[str, float]
    f1_found: dict[str, float]

    @property
    def macro_f1(self) -> float:
        """Return the mean F1 with missed hands as errors."""
        return _mean(self.f1)

    @property
    def macro_f1_found(self) -> float:
        """Return the mean F1 over the found hands alone."""
        return _mean(self.f1_found)

    def to_dict(self) -> dict[str, object]:
        """Return what is stored, rates rounded to a hundredth of a percent."""
        return {
            "hands": self.hands,
            "found": self.found,
            "macro_f1": round(self.macro_f1, 4),
            "macro_f1_found": round(self.macro_f1_found, 4),
            "f1": {name: round(value, 4) for name, value in self.f1.items()},
        }


def gesture_score(truth: Sequence[str], guess: Sequence[str | None]) -> GestureScore:
    """Score `guess[i]`, None for a missed hand, against `truth[i]`; raises `ValueError` when there is no hand."""
    if not truth or len(truth) != len(guess):
        raise ValueError(f"one guess a hand and at least one hand are needed, got {len(guess)} for {len(truth)}")
    pairs = list(zip(truth, guess, strict=True))
    found = [(wanted, got) for wanted, got in pairs if got is not None]
    return GestureScore(hands=len(pairs), found=len(found), f1=f1_of(pairs), f1_found=f1_of(found))


def _mean(f1: dict[str, float]) -> float:
    return float(np.mean(list(f1.values()))) if f1 else 0.0


def f1_of(pairs: Sequence[tuple[str, str | None]]) -> dict[str, float]:
    """Return the F1 of each class that occurs in the truth; `pairs` are (truth, guess), None for no guess."""
    truth, guesses = [wanted for wanted, _ in pairs], [got for _, got in pairs]
    return {
        name: 2 * pairs.count((name, name)) / (truth.count(name) + guesses.count(name)) for name in sorted(set(truth))
    }
