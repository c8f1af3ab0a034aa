# SPDX-License-Identifier: Apache-2.0
"""Processes that train one model together, as `torchrun` starts them; each sees its share of every batch.

Alone, without `torchrun`, a process is the leader of itself and has the whole batch.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, distributed

from edge.errors import UsageError

Item = TypeVar("Item")


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Belong to the group that `torchrun` describes in the environment, if it does."""
    if "WORLD_SIZE" not in os.environ:
        yield
        return
    distributed.init_process_group("gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def count() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def number() -> int:
    """Return which of the processes this one is, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_leader() -> bool:
    """Return whether this process is the one that evaluates, logs and writes checkpoints."""
    return number() == 0


def share(batch: Sequence[Item]) -> list[Item]:
    """Return this process's part of a batch. Raises `UsageError` when there is not one item for each process."""
    if len(batch) < count():
        raise UsageError(f"{count()} processes cannot share a batch of {len(batch)}; raise schedule.batch")
    return list(batch[number() :: count()])


def average_(tensors: Iterable[Tensor]) -> None:
    """Replace float tensors by their means over all processes, in place; every process names the same ones."""
    own = list(tensors)
    if not own or not distributed.is_initialized():
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in own])
    distributed.all_reduce(flat)
    flat /= count()
    for tensor, mean in zip(own, torch.split(flat, [tensor.numel() for tensor in own]), strict=True):
        tensor.copy_(mean.view(tensor.shape))
