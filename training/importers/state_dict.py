# SPDX-License-Identifier: Apache-2.0
"""State dicts of other projects: read without running their code, renamed, and held to the model they are for."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge.errors import SourceError

# A pattern of a whole name, and what becomes of it; None leaves the tensor out.
Rules = Sequence[tuple[str, str | None]]
# A file of another architecture has hundreds that do not fit.
MOST_NAMES = 40


def read_foreign(path: Path) -> dict[str, Any]:
    """Read what another project saved: tensors and plain values by name.

    Raises `SourceError` when the file is missing, no PyTorch file, or holds anything else.
    """
    if not path.is_file():
        raise SourceError(f"{path} is not a file; expected a checkpoint that PyTorch saved")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"{path} is not a PyTorch file of tensors and plain values, and nothing else is read; save the state dict"
        ) from error
    if not isinstance(content, Mapping):
        raise SourceError(f"{path} holds no tensors by name, but a {type(content).__name__}; save the state dict")
    return {str(name): value for name, value in content.items()}


def tensors_of(
    content: Mapping[str, Any], path: Path, *, keys: Sequence[str], prefixes: Sequence[str] = ()
) -> dict[str, Tensor]:
    """Return the state dict that lies under one of `keys` or is the `content` itself, without these `prefixes`.

    Raises `SourceError` when it is no state dict.
    """
    state = next((content[key] for key in keys if key in content), content)
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise SourceError(f"{path} has no state dict, neither by itself nor under {' or '.join(keys)}")
    prefix = re.compile(f"^({'|'.join(map(re.escape, prefixes))})*")
    return {prefix.sub("", str(name)): value for name, value in state.items()}


def renamed(state: Mapping[str, Tensor], rules: Rules) -> dict[str, tuple[str, Tensor]]:
    """Return each tensor and its old name by the new name that the first rule for it gives, or by its own."""
    result = {}
    for name, value in state.items():
        fitting = ((re.fullmatch(pattern, name), new) for pattern, new in rules)
        match, new = next(((match, new) for match, new in fitting if match), (None, name))
        if new is not None:
            result[match.expand(new) if match else name] = name, value
    return result


def fitted(
    given: Mapping[str, tuple[str, Tensor]], expected: Mapping[str, Tensor], *, origin: str
) -> dict[str, Tensor]:
    """Return the tensors for a model whose own are `expected`.

    Raises `SourceError` that names what is missing, what the model does not have, and what has another shape.
    """
    missing = sorted(expected.keys() - given.keys())
    unexpected = sorted(old for name, (old, _) in given.items() if name not in expected)
    shapes = {
        old: (tuple(value.shape), tuple(expected[name].shape))
        for name, (old, value) in given.items()
        if name in expected and value.shape != expected[name].shape
    }
    misshaped = [f"{name} is {shape}, not {wanted}" for name, (shape, wanted) in sorted(shapes.items())]
    problems = (("missing", missing), ("unexpected", unexpected), ("of another shape", misshaped))
    told = [f"{what}: {_shortened(names)}" for what, names in problems if names]
    if told:
        raise SourceError(f"{origin} does not fit; {'; '.join(told)}")
    return {name: given[name][1].to(own.dtype) for name, own in expected.items()}


def described(file: Path) -> str:
    """Return how a bundle names weights that others trained on data it does not know."""
    return f"weights by others, {file.name} (sha256 {hashlib.sha256(file.read_bytes()).hexdigest()[:16]})"


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
