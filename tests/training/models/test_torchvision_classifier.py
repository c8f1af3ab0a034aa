# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from edge.errors import UsageError
from training.models import build
from training.models.growth import load_backbone
from training.models.torchvision_classifier import NETWORKS

SMALL = "mobilenet_v3_small"


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_has_a_head_for_each_question(network: str) -> None:
    model = build({"architecture": network, "head_classes": [19, 2]}).eval()
    with torch.inference_mode():
        logits = model(torch.zeros(2, 3, 224, 224))
    assert [tuple(head.shape) for head in logits] == [(2, 19), (2, 2)]


@pytest.mark.parametrize("network", ["resnet18", SMALL])
def test_the_heads_share_their_features_and_nothing_else(network: str) -> None:
    model = build({"architecture": network, "head_classes": [3, 2]}).eval()
    crops = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        before = model(crops)
        for parameter in model.heads[0].parameters():  # type: ignore[union-attr, index]
            parameter.zero_()
        after = model(crops)
    assert not torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])


def test_a_transformer_is_built_for_the_side_of_its_input() -> None:
    model = build({"architecture": "vit_b_32", "head_classes": [2], "side_px": 64}).eval()
    with torch.inference_mode():
        (logits,) = model(torch.zeros(1, 3, 64, 64))
    assert logits.shape == (1, 2)


@pytest.mark.parametrize(
    "changes", [{"side_px": 96}, {"depths": [1]}, {"head_classes": None}, {"architecture": "vit_b_32", "side_px": 50}]
)
def test_arguments_that_do_not_fit_are_one_sentence(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="does not fit its arguments"):
        build({"architecture": SMALL, "head_classes": [2]} | changes)


def test_another_task_may_start_from_its_backbone() -> None:
    trained = build({"architecture": SMALL, "head_classes": [34]})
    fresh = build({"architecture": SMALL, "head_classes": [3, 2]})
    load_backbone(fresh, trained.state_dict())
    own, given = fresh.state_dict(), trained.state_dict()
    backbone = [name for name in own if name.startswith("backbone.")]
    assert backbone
    assert all(torch.equal(own[name], given[name]) for name in backbone)
