# SPDX-License-Identifier: Apache-2.0
"""Weights of a trained model in a larger one that computes the same at first.

Source: Chen et al., "Net2Net", 2016, with new channels that weigh nothing in place of repeated ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

# Parts whose channels mean nothing by their place, so that more may follow those that were there.
_MAY_GROW = re.compile(r"(lateral|smooth)\.\d+\.\d+\.\w+|heads\.\d+\.[01](\.\d+)?\.\w+|.*\.merge\.\d+\.\w+")
BACKBONE = "backbone."
_STAGE = re.compile(r"stages\.(\d+)\.")
_STEP = re.compile(r"(.*\.steps\.)\d+\..*")


def load_grown(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give `model` the `weights` of a trained one that is as large, or has fewer steps in its blocks or a thinner neck.

    What is added keeps the values that `model` was built with, comes after what was there, and is not seen by it until
    training wants it, so that `model` computes what the smaller one did. Raises `ValueError` when it cannot: a tensor
    of either has no counterpart, or differs in another place than these.
    """
    grown = {name: value.clone() for name, value in model.state_dict().items()}
    steps = {match[1] for name in weights if (match := _STEP.fullmatch(name))}
    for name in grown.keys() - weights.keys():
        match = _STEP.fullmatch(name)
        if match is None or match[1] not in steps:
            raise ValueError(f"{name} is in the model alone")
    for name, old in weights.items():
        new = grown.get(name)
        if new is None:
            raise ValueError(f"{name} is in the weights alone")
        if new.shape != old.shape and not (_MAY_GROW.fullmatch(name) and _is_larger(new, old)):
            raise ValueError(f"{name} of shape {tuple(old.shape)} cannot become {tuple(new.shape)}")
        if new.ndim > 1:
            new[: old.shape[0]] = 0
        new[tuple(slice(size) for size in old.shape)] = old
    model.load_state_dict(grown)


def load_backbone(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give the backbone of `model` that of another task's trained `weights`, grown as in `load_grown`; the rest stays.

    A backbone of fewer stages takes the first ones.

    Raises `ValueError` when either has no backbone, and as `load_grown`.
    """
    backbone = getattr(model, "backbone", None)
    if not isinstance(backbone, nn.Module):
        raise ValueError("this model has no backbone")  # noqa: TRY004 - as for every other reason it cannot
    own = {name.removeprefix(BACKBONE): value for name, value in weights.items() if name.startswith(BACKBONE)}
    stages = getattr(backbone, "stages", ())
    own = {name: value for name, value in own.items() if not _is_stage_from(name, len(stages))}
    if not own:
        raise ValueError("there is no backbone in the weights")
    load_grown(backbone, own)


def _is_stage_from(name: str, count: int) -> bool:
    match = _STAGE.match(name)
    return match is not None and int(match[1]) >= count


def _is_larger(new: Tensor, old: Tensor) -> bool:
    return new.ndim == old.ndim and all(n >= o for n, o in zip(new.shape, old.shape, strict=True))
