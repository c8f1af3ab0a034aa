# SPDX-License-Identifier: Apache-2.0
"""DeepLabV3 of guglielmocamporese/hands-segmentation-pytorch, or torchvision's own, as checkpoints of `edge-train`.

A Lightning `.ckpt` holds the state dict with the prefix `deeplab.`. Two outputs, background and hand, become the one
logit of their difference, which is 0 where both are equal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge.errors import UsageError
from training.importers.state_dict import Rules, described, fitted, read_foreign, renamed, tensors_of
from training.models import build
from training.provenance import provenance_of
from training.recipe import SegmenterRecipe

_STATES = ("state_dict", "model_state_dict", "model")
_WRAPPERS = ("module.", "model.", "deeplab.", "dl.")
# A second classifier that helps training alone.
_RULES: Rules = [(r"aux_classifier\..*", None)]
_LAST = ("classifier.4.weight", "classifier.4.bias")
_BACKGROUND_AND_HAND = 2


def state_from_hands_segmentation(path: Path, recipe: SegmenterRecipe) -> dict[str, Any]:
    """Return what a checkpoint of `edge-train` holds for the DeepLabV3 in the file `path`, with this recipe.

    Raises `UsageError` when the recipe is of another
    model, `SourceError` for a file that cannot be read, or naming tensors that do not fit.
    """
    if recipe.model.get("architecture") != "deeplabv3_resnet50":
        raise UsageError(f"these files hold deeplabv3_resnet50, the recipe {recipe.name} asks for another model")
    state = tensors_of(read_foreign(path), path, keys=_STATES, prefixes=_WRAPPERS)
    given = {name: (old, _one_logit(name, value)) for name, (old, value) in renamed(state, _RULES).items()}
    with torch.device("meta"):
        model = build(recipe.model)
    weights = fitted(given, model.state_dict(), origin=f"{path} as {recipe.name}")
    row = {"dataset": described(path), "licence": "not stated", "pictures": None}
    state = provenance_of(recipe, [], teachers=[])
    return state | {"ema": weights, "data": {"sets": [row], "teachers": []}}


def _one_logit(name: str, value: Tensor) -> Tensor:
    if name not in _LAST or len(value) != _BACKGROUND_AND_HAND:
        return value
    return value[1:] - value[:1]
