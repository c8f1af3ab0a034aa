# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
import torch

from edge.errors import UsageError
from training.models import build
from training.models.blocks import CrossStage
from training.recipe_from_file import read_recipe

DETECTOR: dict[str, Any] = {"architecture": "hand-detector", "widths": [4, 4, 8, 8, 8], "depths": [0, 0, 0, 0]}


def test_the_same_seed_builds_the_same_weights() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(build(DETECTOR).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("name", ["hand-detector", "gesture-classifier"])
def test_shipped_models_are_built(name: str) -> None:
    assert sum(parameter.numel() for parameter in build(read_recipe(name).model).parameters()) > 0


def test_an_unknown_architecture_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="unknown architecture 'yolo'; choose one of convnext_base, crop-classifier,"):
        build({"architecture": "yolo"})


@pytest.mark.parametrize(
    "changes", [{"width": 3}, {"depths": [0]}, {"widths": [4, 4, 8]}, {"neck_width": "wide"}, {"widths": None}]
)
def test_arguments_that_do_not_fit_are_one_sentence(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="architecture 'hand-detector' does not fit its arguments"):
        build(DETECTOR | changes)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_cross_stage_keeps_the_shape(depth: int) -> None:
    assert CrossStage(8, depth).eval()(torch.zeros(2, 8, 12, 10)).shape == (2, 8, 12, 10)
