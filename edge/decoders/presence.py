# SPDX-License-Identifier: Apache-2.0
"""Whether a crop shows a hand at all: two classes that several decoders may tell apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.results import Labels

PRESENCE = ("hand", "other")


def presence_of(labels: Labels) -> NDArray[np.float32]:
    """Return the probability (N,) float32 of a hand from the more probable one of `PRESENCE`, in any order."""
    return np.where(labels.ids == labels.names.index(PRESENCE[0]), labels.scores, 1 - labels.scores)
