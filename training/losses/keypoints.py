# SPDX-License-Identifier: Apache-2.0
"""Loss of keypoints told by a distribution an axis: cross entropy with a normal distribution about the truth.

Source: Li et al., "SimCC", 2022, with soft targets.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from training import ranks


def keypoint_loss(logits: tuple[Tensor, Tensor], points_px: Tensor, *, side_px: int, sigma_px: float) -> Tensor:
    """Compare logits of x and y (N, K, bins) with places (N, K, 2) in pixels of the input, NaN where unknown.

    Returns the mean over the known places of the whole batch, of which this process may have a share. A place outside
    the input is unknown.
    """
    inside = ((points_px >= 0) & (points_px < side_px)).all(-1)
    each = points_px.new_zeros(inside.shape)
    for axis, of_axis in enumerate(logits):
        bins = of_axis.shape[-1]
        centres = (torch.arange(bins, dtype=torch.float32, device=points_px.device) + 0.5) * (side_px / bins)
        # Unknown places get any target: they do not count.
        offset = centres - torch.where(inside, points_px[..., axis], 0.0)[..., None]
        target = torch.softmax(-offset.square() / (2 * sigma_px**2), dim=-1)
        each = each - (target * log_softmax(of_axis, dim=-1)).sum(-1) / len(logits)
    return ranks.mean_of_batch(each, inside)
