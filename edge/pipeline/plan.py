# SPDX-License-Identifier: Apache-2.0
"""`Plan`: what a lane is to do with a frame."""

from __future__ import annotations

from dataclasses import dataclass

from edge.results import Hands
from edge.tracking.forecast import Forecast


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which models look at a frame.

    Attributes:
        resting: names of models whose turn it is not; a hand too many wakes them.
        known: how many hands are known.
        hands: where they will be, None where the detector is to look; none of them is a frame without any.
        forecast: what `hands` are from; None where the detector has the only word.
        rescue_s: how long a hand that the detector does not find is looked for where it will be.
    """

    resting: frozenset[str] = frozenset()
    known: int = 0
    hands: Hands | None = None
    forecast: Forecast | None = None
    rescue_s: float = 0.0


EVERYTHING = Plan()
