# SPDX-License-Identifier: Apache-2.0
"""Weights of a trained model in a larger one that computes the same at first.

Source: Chen et al., "Net2Net", 2016, with new channels that weigh nothing in place of repeated ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

_HALVED = ".enter.0.weight"


def load_grown(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give `model` the `weights` of a trained model that is as large or smaller.

    Deeper cross-stage blocks, a wider neck and a wider stem keep what the smaller model computes: channels are added
    after those that were there, keep the values that `model` was built with, and old channels do not see them until
    training wants it. Raises `ValueError` when a tensor of `weights` has no place in `model`, or lies in a cross-stage
    block of another width, whose halves would mix.
    """
    grown = {name: value.clone() for name, value in model.state_dict().items()}
    for name, old in weights.items():
        new = grown.get(name)
        if new is None or new.ndim != old.ndim or any(n < o for n, o in zip(new.shape, old.shape, strict=True)):
            raise ValueError(f"{name} of shape {tuple(old.shape)} has no place in the model")
        if name.endswith(_HALVED) and new.shape != old.shape:
            raise ValueError(f"{name} would grow from {old.shape[0]} to {new.shape[0]} channels, mixing its halves")
        if new.ndim > 1:
            new[: old.shape[0]] = 0
        new[tuple(slice(size) for size in old.shape)] = old
    model.load_state_dict(grown)
