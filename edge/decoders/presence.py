# SPDX-License-Identifier: Apache-2.0
"""Whether a crop shows a hand at all: two classes that several decoders may tell apart, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edge.results import Labels

PRESENCE = ("hand", "other")


def presence_of(labels: Labels) -> NDArray[np.float32]:
    """Return the probability (N,) float32 of a hand from the more probable one of `PRESENCE`, in any order."""
    return np.where(labels.ids == labels.names.index(PRESENCE[0]), labels.scores, 1 - labels.scores)


def joined(scores: NDArray[np.float32], presence: NDArray[np.float32], trust: float) -> NDArray[np.float32]:
    """Return scores (N,) of hands after a second look at them, `presence` (N,), all 0 to 1 and float32.

    The weighted geometric mean of both: `trust` is the weight of the second look, 0 changes nothing.
    """
    return np.asarray(scores ** np.float32(1 - trust) * presence ** np.float32(trust), np.float32)


def least_candidate(min_score: float, trusts: Iterable[float]) -> float:
    """Return the least score of which second looks of these trusts may make `min_score`."""
    return float(min_score ** (1 / math.prod(1 - trust for trust in trusts)))
