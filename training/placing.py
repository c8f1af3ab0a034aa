# SPDX-License-Identifier: Apache-2.0
"""Where a training computes: the CPU, or a CUDA GPU where one is to be had."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from edge.errors import UsageError


def device_named(name: str) -> torch.device:
    """Return the device that a recipe's `schedule.device` names; each process of `torchrun` has a GPU of its own.

    "auto" is a GPU where PyTorch sees one. Raises `UsageError` when "cuda" is asked for and PyTorch sees no GPU, or
    fewer than there are processes.
    """
    gpus = torch.cuda.device_count()
    if name == "cpu" or (name == "auto" and not gpus):
        return torch.device("cpu")
    number = int(os.environ.get("LOCAL_RANK", "0"))
    if number >= gpus:
        raise UsageError(
            f"this training needs {number + 1} CUDA GPUs, PyTorch sees {gpus}; start fewer processes, or set"
            " schedule.device=cpu"
        )
    return torch.device("cuda", number)


def placed(value: Any, device: torch.device) -> Any:
    """Return `value` with every tensor in it on `device`."""
    # What comes from a GPU must have arrived before anybody reads it.
    return each_tensor(value, lambda tensor: tensor.to(device, non_blocking=device.type == "cuda"))


def each_tensor(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return `value`, a tensor or a tuple, list, mapping or dataclass with tensors in it, with each of them changed."""
    if isinstance(value, Tensor):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{own.name: each_tensor(getattr(value, own.name), change) for own in fields(value)})
    if isinstance(value, Mapping):
        return {key: each_tensor(own, change) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(each_tensor(own, change) for own in value)
    return value
