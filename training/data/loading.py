# SPDX-License-Identifier: Apache-2.0
"""Batches of a data set, made by the worker processes that the schedule asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset

from training import ranks
from training.data.workers import ignore_termination
from training.placing import device_named
from training.recipe import ScheduleRecipe

BATCHES_AHEAD = 4
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


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
        pin_memory=device_named(schedule.device).type == "cuda",
        worker_init_fn=ignore_termination,
    )


class _Made(Dataset[Outcome]):
    """What `work` makes of each item."""

    def __init__(self, work: Callable[[Item], Outcome], items: Sequence[Item]) -> None:
        self._work, self._items = work, items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> Outcome:
        return self._work(self._items[number])


def made_by(workers: int, work: Callable[[Item], Outcome], items: Sequence[Item]) -> Iterable[Outcome]:
    """Yield what `work` makes of each item, in their order, in so many worker processes or in this one."""
    made: DataLoader[Outcome] = DataLoader(
        _Made(work, items),
        batch_size=None,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=ignore_termination,
    )
    return made


def _as_it_is(made: Outcome) -> Outcome:
    return made
