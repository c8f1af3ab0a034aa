# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of SuperAI520/HandHoldingObjectClassification and wujiyang/Face_Pytorch, on which it builds.

A training there writes two files, `Iter_N_net.ckpt` and `Iter_N_margin.ckpt`, both with tensors under `net_state_dict`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from edge.errors import UsageError
from training.importers.state_dict import described, fitted, read_foreign, tensors_of
from training.models import build
from training.models.face import FaceClassifier
from training.provenance import provenance_of
from training.recipe import HoldingRecipe

KEY = "net_state_dict"
_ATTENTION = re.compile(r"attention_module(\d)(?:_(\d))?\.(\w+)\.(.+)")
_RESIDUAL = re.compile(r"residual_block(\d)\.(.+)")
# Each stage's attention module names its parts in its own way.
_PARTS = {
    "1": {
        "share_residual_block": "first",
        "trunk_branches": "trunk",
        "mask_block1": "down.0",
        "mask_block2": "down.1",
        "skip_connect1": "skip.0",
        "skip_connect2": "skip.1",
        "mask_block3": "bottom",
        "mask_block4": "up.1",
        "mask_block5": "up.0",
        "mask_block6": "gate",
        "last_block": "last",
    },
    "2": {
        "first_residual_blocks": "first",
        "trunk_branches": "trunk",
        "softmax1_blocks": "down.0",
        "skip1_connection_residual_block": "skip.0",
        "softmax2_blocks": "bottom",
        "softmax3_blocks": "up.0",
        "softmax4_blocks": "gate",
        "last_blocks": "last",
    },
    "3": {
        "first_residual_blocks": "first",
        "trunk_branches": "trunk",
        "softmax1_blocks": "bottom",
        "softmax2_blocks": "gate",
        "last_blocks": "last",
    },
}
_RESIDUAL_PLACES = {"1": "0.0", "2": "1.0", "3": "2.0", "4": "3.0", "5": "3.1", "6": "3.2"}


def state_from_face(net: Path, margin: Path | None, recipe: HoldingRecipe) -> dict[str, Any]:
    """Return what a checkpoint of `edge-train` holds, with the network in `net` and the head in `margin`.

    Without `margin` the head is new and knows nothing: good to start a training from. Raises `SourceError` when a file
    cannot be read or does not fit the recipe's model, and `UsageError` when that is none of these networks.
    """
    model = build(recipe.model)
    if not isinstance(model, FaceClassifier):
        raise UsageError(f"{recipe.model['architecture']} is none of the networks of these files")
    heads = model.margin.state_dict()
    files = {"net": net} if margin is None else {"net": net, "margin": margin}
    found = {"net": dict(_translated(_tensors_in(net), model.net.state_dict())), "margin": heads}
    if margin is not None:
        # The updates of the SphereFace head are not in the files.
        found["margin"] = {name: heads[name] for name in heads if name == "updates"} | _tensors_in(margin)
    weights: dict[str, Tensor] = {}
    for part, tensors in found.items():
        given = {name: (name, tensor) for name, tensor in tensors.items()}
        origin = f"{files.get(part, net)} as {part} of {recipe.model['architecture']}"
        own = fitted(given, getattr(model, part).state_dict(), origin=origin)
        weights |= {f"{part}.{name}": value for name, value in own.items()}
    rows = [{"dataset": described(file), "licence": "not stated", "pictures": None} for file in files.values()]
    state = provenance_of(recipe, [], teachers=[])
    return state | {"ema": weights, "data": {"sets": rows, "teachers": []}}


def _tensors_in(file: Path) -> dict[str, Tensor]:
    return tensors_of(read_foreign(file), file, keys=(KEY,))


def _translated(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a network under the names that this package gives them."""
    for published, tensor in tensors.items():
        name = published if published in wanted else _attention_name(published)
        if name.endswith(".shortcut.weight") and name not in wanted and tensor.shape[:1] == tensor.shape[1:2]:
            continue  # A shortcut between maps of one size, which the published network has and never uses.
        is_linear = name in wanted and wanted[name].ndim == 2 and tensor.ndim == 4
        yield name, tensor.flatten(1) if is_linear else tensor


def _attention_name(published: str) -> str:
    name = re.sub(r"^conv1\.(?=\d)", "input_layer.", published)
    if match := _RESIDUAL.fullmatch(name):
        return f"stages.{_RESIDUAL_PLACES.get(match[1], match[1])}.{match[2]}"
    if (match := _ATTENTION.fullmatch(name)) and match[3] in _PARTS.get(match[1], {}):
        return f"stages.{int(match[1]) - 1}.{match[2] or 1}.{_PARTS[match[1]][match[3]]}.{match[4]}"
    return name
