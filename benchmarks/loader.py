# SPDX-License-Identifier: Apache-2.0
"""Samples a second of each shipped recipe's loader alone, in one process: `python -m benchmarks.loader --data DIR`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table

from training.recipe import AnyRecipe
from training.recipe_from_file import RECIPES, read_recipe
from training.tasks import task_from_recipe

WARM_UP_BATCHES = 1


@dataclass(frozen=True, slots=True)
class LoaderSpeed:
    """How fast a recipe's batches are made: `samples_a_s` of the process's own time, whatever else the machine does."""

    recipe: str
    samples_a_s: float
    samples: int
    start_s: float
    sets: tuple[str, ...]


def loader_recipe(recipe: AnyRecipe, only: list[str]) -> AnyRecipe:
    """Return the recipe for its loader alone: no worker, no rendered set, none of the places that a detector finds.

    Of its sets those whose names are in `only` are read, or all.
    """
    sets = tuple(
        entry for entry in recipe.data.sets if entry.layout != "rendered" and (not only or entry.dataset in only)
    )
    changes: dict[str, Any] = {
        "data": recipe.data.model_copy(update={"sets": sets}),
        "schedule": recipe.schedule.model_copy(update={"workers": 0}),
    }
    if "others" in type(recipe).model_fields:
        changes["others"] = None
    return recipe.model_copy(update=changes)


def measure(name: str, data: Path, *, only: list[str], batches: int) -> LoaderSpeed:
    """Measure the loader of a recipe; `start_s` is what reading the sets costs once. Raises as training does."""
    recipe = loader_recipe(read_recipe(name), only)
    begin_s = time.process_time()
    made = task_from_recipe(recipe, data).batches(0)
    for _ in islice(made, WARM_UP_BATCHES):
        pass
    ready_s = time.process_time()
    for _ in islice(made, batches):
        pass
    spent_s = time.process_time() - ready_s
    samples = batches * recipe.schedule.batch
    sets = tuple(entry.dataset for entry in recipe.data.sets)
    return LoaderSpeed(recipe.name, round(samples / spent_s, 1), samples, round(ready_s - begin_s, 1), sets)


def main(
    *,
    data: Annotated[Path, typer.Option(envvar="EDGE_TEST_DATA", help="Folder that holds the recipes' sets.")],
    recipe: Annotated[list[str] | None, typer.Option(help="A recipe; may be repeated.  [all that ship]")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Name of a set to read; may be repeated.  [all]")] = None,
    batches: Annotated[int, typer.Option(min=1, help="Batches that are timed.")] = 20,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure the loaders one after the other, on one thread."""
    torch.set_num_threads(1)
    names = recipe or sorted(path.stem for path in RECIPES.glob("*.yaml"))
    speeds = [measure(name, data, only=only or [], batches=batches) for name in names]
    table = Table("recipe", "samples/s", "samples", "start, s")
    for speed in speeds:
        table.add_row(speed.recipe, f"{speed.samples_a_s:.0f}", str(speed.samples), f"{speed.start_s:.1f}")
    Console().print(table)
    if output is not None:
        output.write_text(json.dumps([asdict(speed) for speed in speeds], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
