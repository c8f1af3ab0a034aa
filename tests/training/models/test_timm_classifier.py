# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from edge.errors import UsageError
from training.models import build
from training.models.timm_classifier import TIMM_NETWORKS
from training.recipe_from_file import read_recipe


def test_a_network_answers_each_question() -> None:
    model = build({"architecture": "efficientnetv2_s", "head_classes": [19, 2]}).eval()
    with torch.inference_mode():
        gestures, handedness = model(torch.rand(2, 3, 64, 64))
    assert (gestures.shape, handedness.shape) == ((2, 19), (2, 2))


@pytest.mark.parametrize("network", TIMM_NETWORKS)
def test_every_network_is_there(network: str) -> None:
    with torch.device("meta"):
        assert build({"architecture": network, "head_classes": [3]}).heads[0].weight.shape == (3, 1280)  # type: ignore[union-attr,index]


def test_the_cascades_recipe_builds_efficientnetv2_m() -> None:
    with torch.device("meta"):
        model = build(read_recipe("efficientnet-cascade").model)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    # Tan and Le count 54 million with a head of 1000 classes of 1280 features.
    assert parameters + (1000 - 19) * 1281 == pytest.approx(54e6, rel=0.01)


def test_an_argument_that_it_does_not_take_is_refused() -> None:
    with pytest.raises(UsageError, match="'efficientnetv2_m' does not fit its arguments"):
        build({"architecture": "efficientnetv2_m", "head_classes": [2], "side_px": 224})
