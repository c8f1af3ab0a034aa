# SPDX-License-Identifier: Apache-2.0
"""Where a training computes: on a GPU where PyTorch sees one, else on the CPU."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from training import ranks


def processor() -> torch.device:
    """Return the GPU of this process, its own where several train together, or the CPU.

    `CUDA_VISIBLE_DEVICES` chooses among the GPUs; empty, it chooses the CPU.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", ranks.number() % torch.cuda.device_count())


def moved(targets: Any, device: torch.device) -> Any:
    """Return the targets of a batch with every tensor on `device`: a tensor, or a dataclass, list or tuple of such."""
    if isinstance(targets, Tensor):
        return targets.to(device, non_blocking=True)
    if is_dataclass(targets) and not isinstance(targets, type):
        values = {field.name: moved(getattr(targets, field.name), device) for field in fields(targets)}
        return replace(targets, **values)
    if isinstance(targets, (list, tuple)):
        return type(targets)(moved(target, device) for target in targets)
    return targets


def on_cpu(model: nn.Module) -> nn.Module:
    """Return the model itself where it is on the CPU, else a copy there: models are measured as on the device."""
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    return copy.deepcopy(model).cpu() if on_gpu else model
