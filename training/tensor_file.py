# SPDX-License-Identifier: Apache-2.0
"""Files that PyTorch saved, read without running any code from them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from edge.errors import SourceError


def read_tensor_file(path: Path, *, expected: str) -> Any:
    """Return what a file of tensors and plain values holds, tensors on the CPU.

    Raises `SourceError`, which says what was `expected`, when the file is missing, no PyTorch file, or holds anything
    else.
    """
    if not path.is_file():
        raise SourceError(f"{path} is not a file; expected {expected}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"{path} is not a PyTorch file of tensors and plain values, and nothing else is read; expected {expected}"
        ) from error
