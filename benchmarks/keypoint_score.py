# SPDX-License-Identifier: Apache-2.0
"""`KeypointScore`: how near keypoints lie to the truth, on given boxes or behind a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.sample import FloatArray
from training.metrics import PCK_SHARES


@dataclass(frozen=True, slots=True)
class KeypointScore:
    """Shares of keypoints within 0.05 and 0.1 of the hand's longer side of the truth; `found` of `hands` were given.

    All keypoints of a hand that the detector missed are wrong in `pck`, and left out of `pck_found`.
    """

    hands: int
    found: int
    pck: dict[float, float]
    pck_found: dict[float, float]

    def to_dict(self) -> dict[str, object]:
        """Return what is stored, rates rounded to a hundredth of a percent."""
        rates = {"pck": self.pck, "pck_found": self.pck_found}
        rounded = {
            name: {str(share): round(value, 4) for share, value in of_name.items()} for name, of_name in rates.items()
        }
        return {"hands": self.hands, "found": self.found, **rounded}


def keypoint_score(
    wanted: Sequence[FloatArray], sides_px: Sequence[float], found: Sequence[FloatArray | None]
) -> KeypointScore:
    """Score keypoints (21, 3) of each hand, None for a missed one, against places (21, 2), NaN where unknown.

    `sides_px` are the longer sides of the hands' boxes. Raises `ValueError` when there is no hand.
    """
    if not wanted or not len(wanted) == len(sides_px) == len(found):
        raise ValueError(
            f"at least one hand, each with a side and an answer, is needed, got {len(wanted)}, {len(sides_px)} and"
            f" {len(found)}"
        )
    errors = [
        np.full(int(np.isfinite(places).all(-1).sum()), np.inf) if own is None else _errors(places, own) / side_px
        for places, side_px, own in zip(wanted, sides_px, found, strict=True)
    ]
    of_found = [error for error, own in zip(errors, found, strict=True) if own is not None]
    return KeypointScore(len(wanted), len(of_found), _pck(errors), _pck(of_found))


def _errors(places: FloatArray, own: FloatArray) -> FloatArray:
    known = np.isfinite(places).all(-1)
    return np.asarray(np.hypot(*(own[known, :2] - places[known]).T), np.float32)


def _pck(errors: Sequence[FloatArray]) -> dict[float, float]:
    together = np.concatenate([np.zeros(0, np.float32), *errors])
    return {share: float((together <= share).mean()) if len(together) else 0.0 for share in PCK_SHARES}
