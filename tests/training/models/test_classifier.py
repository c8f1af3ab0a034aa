# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from training.models import build
from training.models.classifier import CropClassifier
from training.recipe import ClassifierRecipe
from training.recipe_from_file import read_recipe


@pytest.mark.parametrize(("batch", "side"), [(1, 32), (3, 64), (2, 128)])
def test_there_are_logits_for_every_head(batch: int, side: int) -> None:
    model = CropClassifier(head_classes=(19, 2, 4), widths=(4, 8, 8), depths=(0, 1)).eval()
    answers = model(torch.zeros(batch, 3, side, side))
    assert [tuple(answer.shape) for answer in answers] == [(batch, 19), (batch, 2), (batch, 4)]


def test_dropout_is_for_training_alone() -> None:
    torch.manual_seed(0)
    model = CropClassifier(head_classes=(5,), widths=(4, 8, 8), depths=(0, 0), dropout=0.5).eval()
    crops = torch.randn(2, 3, 32, 32)
    assert torch.equal(model(crops)[0], model(crops)[0])
    model.dropout.train()
    assert not torch.equal(model(crops)[0], model(crops)[0])


def test_the_shipped_heads_are_those_of_the_recipe() -> None:
    recipe = read_recipe("gesture-classifier")
    assert isinstance(recipe, ClassifierRecipe)
    logits = build(recipe.model).eval()(torch.zeros(1, 3, 128, 128))
    assert list(recipe.heads) == ["gesture", "handedness", "presence"]
    assert [tuple(head.shape) for head in logits] == [(1, len(names)) for names in recipe.heads.values()]
    assert len(recipe.gestures) == 19
