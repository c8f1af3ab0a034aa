# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from training.models.face import HEADS
from training.models.face.heads import SoftmaxHead

# The true class lies at this angle, the other one a right angle further.
ANGLE, SCALE, LENGTH = 0.9, 32.0, 3.0


def head_of(name: str) -> SoftmaxHead:
    head = HEADS[name](2, 2, scale=SCALE)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 5.0]]))
    return head


def embedding(angle: float = ANGLE) -> torch.Tensor:
    return LENGTH * torch.tensor([[math.cos(angle), math.sin(angle)]])


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("arcface", math.cos(ANGLE + 0.5)),
        ("cosface", math.cos(ANGLE) - 0.4),
        ("multimargin", math.cos(ANGLE + 0.2) - 0.35),
    ],
)
def test_an_angular_margin_is_asked_of_the_true_class_alone(name: str, own: float) -> None:
    head = head_of(name)
    trained = head.with_margin(embedding(), torch.tensor([0]))
    np.testing.assert_allclose(trained.tolist(), [[SCALE * own, SCALE * math.sin(ANGLE)]], rtol=1e-5)
    plain = head(embedding())
    np.testing.assert_allclose(plain.tolist(), [[SCALE * math.cos(ANGLE), SCALE * math.sin(ANGLE)]], rtol=1e-5)


def test_sphereface_mixes_the_fourfold_angle_in() -> None:
    head = head_of("sphereface")
    easy = 1000 * 1.0001**-2
    # 4 * 0.9 lies beyond pi: the curve goes on from there, -cos(4 t) - 2.
    own = (easy * math.cos(ANGLE) - math.cos(4 * ANGLE) - 2) / (1 + easy)
    trained = head.with_margin(embedding(), torch.tensor([0]))
    np.testing.assert_allclose(trained.tolist(), [[LENGTH * own, LENGTH * math.sin(ANGLE)]], rtol=1e-5)
    assert int(head.state_dict()["updates"]) == 1
    plain = [[LENGTH * math.cos(ANGLE), LENGTH * math.sin(ANGLE)]]
    np.testing.assert_allclose(head(embedding()).tolist(), plain, rtol=1e-5)


def test_softmax_knows_no_margin() -> None:
    head = head_of("softmax")
    expected = [[2 * LENGTH * math.cos(ANGLE), 5 * LENGTH * math.sin(ANGLE)]]
    np.testing.assert_allclose(head(embedding()).tolist(), expected, rtol=1e-6)
    assert torch.equal(head.with_margin(embedding(), torch.tensor([1])), head(embedding()))


@pytest.mark.parametrize("name", sorted(HEADS))
def test_the_further_away_the_less_likely_at_every_angle(name: str) -> None:
    head = head_of(name)
    angles = np.linspace(0, math.pi, 200)
    with torch.no_grad():
        own = [float(head.with_margin(embedding(angle), torch.tensor([0]))[0, 0]) for angle in angles]
    assert (np.diff(own) <= 1e-4).all()


@pytest.mark.parametrize("name", sorted(HEADS))
@pytest.mark.parametrize("angle", [0.0, math.pi])
def test_gradients_are_finite_where_the_angle_is_extreme(name: str, angle: float) -> None:
    head = head_of(name)
    found = embedding(angle).requires_grad_()
    loss: Callable[..., torch.Tensor] = torch.nn.functional.cross_entropy
    loss(head.with_margin(found, torch.tensor([0])), torch.tensor([0])).backward()  # type: ignore[no-untyped-call]
    assert head.weight.grad is not None
    assert torch.isfinite(head.weight.grad).all()
