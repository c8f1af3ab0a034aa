# SPDX-License-Identifier: Apache-2.0
"""Whether a crop shows a hand at all: two classes that several decoders may tell apart, and what follows from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.results import Labels

PRESENCE = ("hand", "other")
# Nothing is surer than this, so that one witness cannot silence another.
_SUREST = 1 - 1e-6


def presence_of(labels: Labels) -> NDArray[np.float32]:
    """Return the probability (N,) float32 of a hand from the more probable one of `PRESENCE`, in any order."""
    return np.where(labels.ids == labels.names.index(PRESENCE[0]), labels.scores, 1 - labels.scores)


def joined(scores: NDArray[np.float32], presence: NDArray[np.float32], trust: float) -> NDArray[np.float32]:
    """Return scores (N,) of hands after a second look at them, `presence` (N,), both 0 to 1 and float32.

    The odds of a hand are multiplied by those of its presence to the power of `trust`: with 1 the second look is an
    independent witness, with less it repeats in part what the first one saw, with 0 it changes nothing.
    """
    first, second = (np.clip(values.astype(np.float64), 1 - _SUREST, _SUREST) for values in (scores, presence))
    odds = first / (1 - first) * (second / (1 - second)) ** trust
    return (odds / (1 + odds)).astype(np.float32)
