# SPDX-License-Identifier: Apache-2.0
"""Loss of masks: cross entropy of every pixel, and Dice of every mask.

Source: Milletari et al., "V-Net", 2016 (Dice, with squares in the denominator).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

from training import ranks

# Keeps the Dice of an empty mask finite, in pixels.
SMOOTH = 1.0


@dataclass(frozen=True, slots=True)
class MaskLoss:
    """The two parts of the loss, means over the whole batch, of which this process may have a share."""

    pixel: Tensor
    dice: Tensor


def mask_loss(logits: Tensor, masks: Tensor) -> MaskLoss:
    """Compare logits (N, 1, h, w) with masks (N, H, W), 0 or 1; the logits are interpolated, as a decoder does."""
    fine = interpolate(logits, masks.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    pixel = binary_cross_entropy_with_logits(fine, masks, reduction="none").mean((1, 2))
    told = fine.sigmoid()
    shared = (told * masks).sum((1, 2))
    both = (told.square() + masks.square()).sum((1, 2))
    dice = 1 - (2 * shared + SMOOTH) / (both + SMOOTH)
    return MaskLoss(ranks.mean_of_batch(pixel), ranks.mean_of_batch(dice))
