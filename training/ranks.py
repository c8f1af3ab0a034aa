# SPDX-License-Identifier: Apache-2.0
"""Processes that train one model together, as `torchrun` starts them; each sees its share of every batch.

Alone, without `torchrun`, a process is the leader of itself and has the whole batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

from edge.errors import ModelError, UsageError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
_GONE = "another process of this training ended; what it said tells why"


@contextlib.contextmanager
def joined() -> Iterator[None]:
    """Belong to the group of processes that `torchrun` started, if it did."""
    if not (distributed.is_available() and distributed.is_torchelastic_launched()):
        yield
        return
    distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def count() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if _together() else 1


def number() -> int:
    """Return which of the processes this one is, from 0."""
    return distributed.get_rank() if _together() else 0


def is_leader() -> bool:
    """Return whether this process is the one that evaluates, logs and writes checkpoints."""
    return number() == 0


def share(batch: Sequence[Item]) -> list[Item]:
    """Return this process's part of a batch. Raises `UsageError` when there is not one item for each process."""
    if len(batch) < count():
        raise UsageError(f"{count()} processes cannot share a batch of {len(batch)}; raise schedule.batch")
    return list(batch[number() :: count()])


def spread(
    work: Callable[[Item], Outcome],
    items: Sequence[Item],
    *,
    by: Callable[[Callable[[Item], Outcome], Sequence[Item]], Iterable[Outcome]] = map,
) -> list[Outcome]:
    """Return what `work` makes of each item, done once by one of the processes; all must call this with the same items.

    `by` does a process's own part. Raises `ModelError` when another process is gone.
    """
    own = list(by(work, items[number() :: count()]))
    if not _together():
        return own
    shares: list[Any] = [None] * count()
    try:
        distributed.all_gather_object(shares, own)
    except RuntimeError as error:
        raise ModelError(_GONE) from error
    return [shares[place % count()][place // count()] for place in range(len(items))]


def mean_of_batch(values: Tensor, counted: Tensor | None = None) -> Tensor:
    """Return the mean of the counted values (N,), by default all, of the whole batch, of which this is a share.

    Averaged over all processes, its gradient is that of the mean; 0 of none.
    """
    counted = torch.ones_like(values, dtype=torch.bool) if counted is None else counted
    return values[counted].sum() / averaged(counted.sum()).clamp(min=1 / count())


def wait() -> None:
    """Wait until all processes have come here. Raises `ModelError` when another process is gone."""
    if not _together():
        return
    try:
        distributed.barrier()
    except RuntimeError as error:
        raise ModelError(_GONE) from error


def average_(tensors: Iterable[Tensor]) -> None:
    """Replace float tensors by their means over all processes, in place; every process names the same ones.

    Raises `ModelError` when another process is gone.
    """
    own = list(tensors)
    if not own or not _together():
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in own])
    try:
        distributed.all_reduce(flat)
    except RuntimeError as error:
        raise ModelError(_GONE) from error
    flat /= count()
    for tensor, mean in zip(own, torch.split(flat, [tensor.numel() for tensor in own]), strict=True):
        tensor.copy_(mean.view(tensor.shape))


def averaged(value: Tensor) -> Tensor:
    """Return the mean of one value over all processes, as float and without a gradient."""
    mean = value.detach().clone().float()
    average_([mean])
    return mean


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
