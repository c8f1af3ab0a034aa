# SPDX-License-Identifier: Apache-2.0
"""Batches of a data set, made by the worker processes that the schedule asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch.utils.data import DataLoader, Dataset

from training import ranks
from training.data.workers import ignore_termination
from training.recipe import ScheduleRecipe

BATCHES_AHEAD = 4


def numbered(schedule: ScheduleRecipe, first_step: int) -> Iterator[list[int]]:
    """Yield the item numbers of this process's share of each batch, from `first_step` to the schedule's end."""
    batch = schedule.batch
    return (ranks.share(range(step * batch, (step + 1) * batch)) for step in range(first_step, schedule.steps))


def batches_of(
    items: Dataset[Any],
    keys: Iterable[list[Any]],
    schedule: ScheduleRecipe,
    *,
    collate: Callable[[Any], Any] | None = None,
) -> DataLoader[Any]:
    """Return a loader of one batch for each list of `keys`, in their order; `collate` stacks what `items` gives."""
    return DataLoader(
        items,
        batch_sampler=keys,
        num_workers=schedule.workers,
        collate_fn=collate,
        prefetch_factor=BATCHES_AHEAD if schedule.workers else None,
        worker_init_fn=ignore_termination,
    )
