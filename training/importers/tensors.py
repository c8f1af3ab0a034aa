# SPDX-License-Identifier: Apache-2.0
"""Tensors in files of other projects: read without running any code, and held against what a model needs."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from edge.errors import SourceError


def read_tensors(path: Path, key: str) -> dict[str, Tensor]:
    """Return the tensors by name under `key` of a PyTorch file.

    Raises `SourceError` when the file is missing, holds more than tensors and plain values, or nothing under `key`.
    """
    if not path.is_file():
        raise SourceError(f"{path} is not a file; give a PyTorch file with tensors under {key!r}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"{path} is not a PyTorch file of tensors and plain values, and nothing else is read: it might run code; "
            f"save its tensors with torch.save({{{key!r}: model.state_dict()}}, FILE)"
        ) from error
    tensors = content.get(key) if isinstance(content, dict) else None
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        there = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise SourceError(f"{path} has no tensors under {key!r}, it holds {there or 'nothing'}")
    return {str(name): tensor for name, tensor in tensors.items()}


def require_fit(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], *, origin: str) -> None:
    """Raise `SourceError`, which names every tensor that is missing, unexpected or of another shape, unless all fit."""
    problems = {
        "missing": sorted(wanted.keys() - found.keys()),
        "unexpected": sorted(found.keys() - wanted.keys()),
        "of another shape": [
            f"{name} {tuple(found[name].shape)} where {tuple(wanted[name].shape)} is needed"
            for name in sorted(found.keys() & wanted.keys())
            if found[name].shape != wanted[name].shape
        ],
    }
    told = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names)
    if told:
        raise SourceError(f"{origin}: {told}")
