# SPDX-License-Identifier: Apache-2.0
"""How near keypoints lie to the truth, and how well their scores tell it.

Source: Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts", 2013 (PCK).
"""

from __future__ import annotations

import numpy as np

from training.data.sample import FloatArray

PCK_SHARES = (0.05, 0.1)
SCORE_BINS = 10


def keypoint_figures(found: FloatArray, wanted: FloatArray, sides_px: FloatArray, *, reach: float) -> dict[str, float]:
    """Compare keypoints (N, 21, 3) x, y and score with places (N, 21, 2), NaN where unknown, in the same pixels.

    `pck@s`: share of the known keypoints within `s` of the hand's side, `sides_px` (N,), of the truth. `mean_error`: in
    the same unit. `calibration_error`: how far a score lies from the share of keypoints of such a score that are within
    `reach` of the hand's side in both coordinates, which is what it claims; the weighted mean over ten bins of scores.
    """
    known = np.isfinite(wanted).all(-1)
    offset = np.abs(found[..., :2] - wanted)
    error = np.hypot(offset[..., 0], offset[..., 1])[known] / np.broadcast_to(sides_px[:, None], known.shape)[known]
    figures = {f"pck@{share}": float((error <= share).mean()) for share in PCK_SHARES}
    within = (offset.max(-1) <= reach * sides_px[:, None])[known]
    return figures | {
        "mean_error": float(error.mean()),
        "calibration_error": _calibration_error(found[..., 2][known], within),
        "keypoints": float(known.sum()),
    }


def _calibration_error(scores: FloatArray, right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """Return the expected calibration error (Naeini et al. 2015)."""
    bins = np.minimum((scores * SCORE_BINS).astype(int), SCORE_BINS - 1)
    gaps = [
        abs(float(scores[bins == number].mean()) - float(right[bins == number].mean())) * float((bins == number).mean())
        for number in np.unique(bins)
    ]
    return float(sum(gaps))
