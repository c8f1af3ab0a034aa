# SPDX-License-Identifier: Apache-2.0
"""`GestureScore`: how well gestures are told apart, on given boxes or behind a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.metrics import confusion

MISSED = "missed"


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


def gesture_score(truth: Sequence[str], guess: Sequence[str]) -> GestureScore:
    """Score `guess[i]`, a gesture or `MISSED`, against `truth[i]`; raises `ValueError` when there is no hand."""
    if not truth or len(truth) != len(guess):
        raise ValueError(f"one guess a hand and at least one hand are needed, got {len(guess)} for {len(truth)}")
    found = [(wanted, got) for wanted, got in zip(truth, guess, strict=True) if got != MISSED]
    return GestureScore(
        hands=len(truth), found=len(found), f1=_f1(list(zip(truth, guess, strict=True))), f1_found=_f1(found)
    )


def _mean(f1: dict[str, float]) -> float:
    return float(np.mean(list(f1.values()))) if f1 else 0.0


def _f1(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    names = sorted({name for pair in pairs for name in pair})
    index = {name: number for number, name in enumerate(names)}
    numbers: npt.NDArray[np.int64] = np.array([[index[name] for name in pair] for pair in pairs], np.int64)
    counts = confusion(numbers[:, 0], numbers[:, 1], len(names)) if len(pairs) else np.zeros((0, 0), np.int64)
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return {
        name: float(2 * counts[row, row] / both[row]) for name, row in index.items() if counts[row].sum() and both[row]
    }
