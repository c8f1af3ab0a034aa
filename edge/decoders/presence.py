# SPDX-License-Identifier: Apache-2.0
"""Whether a crop shows a hand at all: two classes that several decoders may tell apart, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge import _native

PRESENCE = ("hand", "other")


def presence_of(logits: NDArray[np.float32], labels: Sequence[str] = PRESENCE) -> NDArray[np.float32]:
    """Return the probability (N,) float32 of a hand from logits (N, 2) float32 of `PRESENCE`, in the order of `labels`.

    Raises `ValueError` for logits that are not finite.
    """
    return _native.probabilities_of(logits, labels.index(PRESENCE[0]))


def least_candidate(min_score: float, trusts: Iterable[float]) -> float:
    """Return the least score of which second looks may make `min_score`.

    Each joins a score with presence in a geometric mean, in which its trust is the weight of presence.
    """
    return float(min_score ** (1 / math.prod(1 - trust for trust in trusts)))
