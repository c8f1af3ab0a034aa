# SPDX-License-Identifier: Apache-2.0
"""How well masks agree: intersection over union."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
# A mask that agrees less is a mistake.
POOR_IOU = 0.8


def mask_iou(found: Mask, wanted: Mask) -> float:
    """Return the intersection over union of two masks (H, W); 1 where both are empty."""
    union = np.count_nonzero(found | wanted)
    return np.count_nonzero(found & wanted) / union if union else 1.0


def class_mean_iou(found: Mask, wanted: Mask) -> float:
    """Return the mean of the hands' intersection over union and of the background's.

    This is the mean IoU of guglielmocamporese/hands-segmentation-pytorch.
    """
    return (mask_iou(found, wanted) + mask_iou(~found, ~wanted)) / 2


def mask_figures(ious: Sequence[float]) -> dict[str, float]:
    """Return the `mean_iou` of hands, that of the worst tenth, and the share below `POOR_IOU`; of none nothing."""
    if not ious:
        return {}
    ranked = np.sort(np.asarray(ious, np.float64))
    return {
        "mean_iou": float(ranked.mean()),
        "worst_tenth_iou": float(ranked[: -(-len(ranked) // 10)].mean()),
        "poor": float((ranked < POOR_IOU).mean()),
    }
