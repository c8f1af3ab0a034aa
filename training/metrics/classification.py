# SPDX-License-Identifier: Apache-2.0
"""How well classes are told apart: confusion and F1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def confusion(truth: npt.NDArray[np.int64], guess: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """Return counts (classes, classes): rows are the truth, columns the guess."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, guess), 1)
    return counts


def macro_f1(counts: npt.NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that occur in the truth of a confusion matrix."""
    present = counts.sum(1) > 0
    hits = np.diag(counts).astype(float)
    f1 = 2 * hits / np.maximum(counts.sum(0) + counts.sum(1), 1)
    return float(f1[present].mean()) if present.any() else 0.0
