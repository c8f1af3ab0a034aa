# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch

from training.losses.keypoints import keypoint_loss

SIDE_PX, BINS, SIGMA_PX = 16, 32, 1.0


def loss_of(x: torch.Tensor, y: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    return keypoint_loss((x, y), points, side_px=SIDE_PX, sigma_px=SIGMA_PX)


def logits_about(points_px: torch.Tensor, axis: int) -> torch.Tensor:
    centres = (torch.arange(BINS) + 0.5) * SIDE_PX / BINS
    return -(centres - points_px[..., axis, None]).square() / (2 * SIGMA_PX**2)


def test_knowing_nothing_costs_the_logarithm_of_the_bins() -> None:
    flat = torch.zeros(2, 3, BINS)
    assert float(loss_of(flat, flat, torch.full((2, 3, 2), 5.0))) == pytest.approx(math.log(BINS), rel=1e-5)


def test_the_truth_costs_least() -> None:
    points = torch.rand(2, 3, 2) * (SIDE_PX - 4) + 2
    x, y = (logits_about(points, axis).requires_grad_() for axis in (0, 1))
    best = loss_of(x, y, points)
    best.backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert float(x.grad.abs().max()) < 1e-6
    assert float(loss_of(logits_about(points + 1, 0), logits_about(points, 1), points)) > float(best.detach())


def test_what_is_unknown_or_outside_does_not_count() -> None:
    known = torch.full((1, 1, 2), 5.0)
    others = torch.tensor([[[math.nan, 3.0], [-1.0, 3.0], [3.0, float(SIDE_PX)]]])
    x, y = torch.randn(1, 4, BINS, requires_grad=True), torch.randn(1, 4, BINS)
    loss = loss_of(x, y, torch.cat([known, others], dim=1))
    assert float(loss.detach()) == pytest.approx(float(loss_of(x[:, :1], y[:, :1], known).detach()), rel=1e-6)
    loss.backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert not x.grad[0, 1:].any()


def test_a_batch_without_keypoints_has_no_loss() -> None:
    flat = torch.zeros(1, 2, BINS, requires_grad=True)
    assert float(loss_of(flat, flat, torch.full((1, 2, 2), math.nan)).detach()) == 0
