# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import nn

from edge.errors import UsageError
from training.models import build
from training.models.face import FACE_BACKBONES
from training.models.face.attention import AttentionModule

# In millions, without what the published networks never use; those of the ArcFace paper are the paper's.
PARAMETERS = {
    "MobileFace": 1.2,
    "Res50": 74.9,
    "Res50_IR": 43.6,
    "SERes50_IR": 43.8,
    "Res100_IR": 65.2,
    "SERes100_IR": 65.5,
    "Attention_56": 21.2,
    "Attention_92": 101.8,
}


@pytest.mark.parametrize("name", sorted(FACE_BACKBONES))
def test_each_network_embeds_pictures_in_training_and_tells_classes_else(name: str) -> None:
    # Without memory behind the tensors: shapes alone are computed.
    with torch.device("meta"):
        model = build({"architecture": name, "classes": 2, "embedding": 128})
        pictures = torch.empty(3, 3, 112, 112)
        assert [found.shape for found in model.train()(pictures)] == [(3, 128)]
        assert [found.shape for found in model.eval()(pictures)] == [(3, 2)]
        whole = build({"architecture": name, "classes": 2})
    assert round(sum(p.numel() for p in whole.parameters()) / 1e6, 1) == PARAMETERS[name]


def test_the_embedding_of_a_real_picture_depends_on_it() -> None:
    torch.manual_seed(0)
    model = build({"architecture": "MobileFace", "classes": 2}).eval()
    with torch.inference_mode():
        (logits,) = model(torch.randn(2, 3, 112, 112))
    assert torch.isfinite(logits).all()
    assert not torch.allclose(logits[0], logits[1])


@pytest.mark.parametrize("is_sum", [False, True])
def test_a_mask_weighs_the_trunk_or_is_added_to_it(*, is_sum: bool) -> None:
    torch.manual_seed(0)
    module = AttentionModule(8, 2, is_sum=is_sum).eval()
    module.last = nn.Identity()  # type: ignore[assignment]
    last = module.gate[5]
    assert isinstance(last, nn.Conv2d)
    nn.init.zeros_(last.weight)
    maps = torch.randn(1, 8, 12, 12)
    with torch.inference_mode():
        trunk = module.trunk(module.first(maps))
        torch.testing.assert_close(module(maps), 1.5 + trunk if is_sum else 1.5 * trunk)


def test_an_unknown_head_lists_the_choices() -> None:
    with pytest.raises(UsageError, match=r"head must be one of softmax, arcface, .*, got 'circle'"):
        build({"architecture": "MobileFace", "classes": 2, "head": "circle"})
