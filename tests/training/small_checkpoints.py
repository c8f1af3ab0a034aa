# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of models that were never trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from training.models import build
from training.provenance import provenance_of
from training.recipe import AnyRecipe


def saved(path: Path, recipe: AnyRecipe, **weights: float) -> Path:
    """Save an untrained model, with some of its tensors filled with one value."""
    model = build(recipe.model)
    state = model.state_dict()
    for name, value in weights.items():
        state[name.replace("__", ".")].fill_(value)
    content: dict[str, Any] = {"model": state, "ema": state, **provenance_of(recipe, [], teachers=[])}
    torch.save(content, path)
    return path
