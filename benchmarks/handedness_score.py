# SPDX-License-Identifier: Apache-2.0
"""`HandednessScore`: how well left and right hands are told apart, on given boxes or behind a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.gesture_score import f1_of


@dataclass(frozen=True, slots=True)
class HandednessScore:
    """Accuracy and macro F1 over the `hands` that have a label; a missed hand is an error.

    `larger_share` is the share of the more frequent label: what a guess that is always the same is right in.
    """

    hands: int
    accuracy: float
    macro_f1: float
    larger_share: float

    def to_dict(self) -> dict[str, float]:
        """Return what is stored, rates rounded to a hundredth of a percent."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def handedness_score(truth: Sequence[str | None], guess: Sequence[str | None]) -> HandednessScore | None:
    """Score `guess[i]`, None for a missed hand, against `truth[i]`, None for a hand without a label.

    Returns None when no hand has a label, or when nothing was guessed at all.
    """
    pairs = [(wanted, got) for wanted, got in zip(truth, guess, strict=True) if wanted is not None]
    if not pairs or all(got is None for got in guess):
        return None
    labels = [wanted for wanted, _ in pairs]
    return HandednessScore(
        hands=len(pairs),
        accuracy=float(np.mean([wanted == got for wanted, got in pairs])),
        macro_f1=float(np.mean(list(f1_of(pairs).values()))),
        larger_share=max(labels.count(label) for label in set(labels)) / len(labels),
    )
