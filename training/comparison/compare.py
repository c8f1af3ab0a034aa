# SPDX-License-Identifier: Apache-2.0
"""Architectures compared: trained, tested, cross-validated, and told in one report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import OutputError, UsageError
from training.comparison.cost import Cost, cost_of
from training.comparison.run import Answer, Box, RunResult, Say, finished_run, write_whole
from training.metrics import confusion
from training.metrics.intervals import group_interval, wilson_interval
from training.models import build
from training.models.face import FACE_BACKBONES
from training.recipe import HOLDING_CLASSES, HoldingRecipe

Log = list[dict[str, float | str]]


@dataclass(frozen=True, slots=True)
class Compared:
    """One architecture: its cost, the log of its training, and its answers on the test pictures and on all folds."""

    name: str
    cost: Cost
    log: Log
    tested: tuple[Answer, ...]
    folded: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A share of right answers of `count`, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float
    count: int


def compare(
    recipe: HoldingRecipe, architectures: Sequence[str], folder: Path, data_root: Path, *, folds: int, say: Say
) -> list[Compared]:
    """Train and test every architecture below `folder`, once on all training pictures and once for each of `folds`.

    What is finished there is not repeated. Raises `UsageError` for an unknown architecture and as `finished_run`.
    """
    unknown = [name for name in architectures if name not in FACE_BACKBONES]
    if unknown or not architectures:
        told = ", ".join(unknown) or "none"
        raise UsageError(f"architectures must be among {', '.join(FACE_BACKBONES)}, got {told}")
    compared = [
        _compared(_with_network(recipe, name), folder / name, data_root, folds=folds, say=say) for name in architectures
    ]
    if len({frozenset(_places(one.folded)) for one in compared}) > 1:
        raise UsageError(
            f"the pictures of the runs in {folder} differ, data changed meanwhile; compare into another one"
        )
    return compared


def _with_network(recipe: HoldingRecipe, name: str) -> HoldingRecipe:
    return recipe.model_copy(update={"model": recipe.model | {"architecture": name}})


def _compared(recipe: HoldingRecipe, folder: Path, data_root: Path, *, folds: int, say: Say) -> Compared:
    name = str(recipe.model["architecture"])

    def run(recipe: HoldingRecipe, part: str, *, keep_weights: bool) -> RunResult:
        say(f"{name}: {part}")
        return finished_run(recipe, folder / part, data_root, keep_weights=keep_weights, say=say)

    tested = run(recipe, "test", keep_weights=True)
    folded = [run(_fold_of(recipe, folds, fold), f"fold-{fold}", keep_weights=False) for fold in range(folds)]
    return Compared(
        name=name,
        cost=_cost(recipe, folder),
        log=[json.loads(line) for line in (folder / "test" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()],
        tested=tested.answers,
        folded=tuple(answer for result in folded for answer in result.answers),
    )


def _fold_of(recipe: HoldingRecipe, folds: int, fold: int) -> HoldingRecipe:
    data = recipe.data.model_copy(update={"folds": folds, "fold": fold})
    return recipe.model_copy(update={"data": data})


def _cost(recipe: HoldingRecipe, folder: Path) -> Cost:
    file = folder / "cost.json"
    try:
        if file.exists():
            return Cost(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise OutputError(f"{file} cannot be read: {error}; remove it") from error
    cost = cost_of(build(recipe.model), width_px=recipe.input.width_px, height_px=recipe.input.height_px)
    write_whole(
        file,
        json.dumps({"parameters": cost.parameters, "flops": cost.flops, "latency_ms": cost.latency_ms}),
    )
    return cost


def right(answers: Sequence[Answer]) -> npt.NDArray[np.float64]:
    """Return 1 for each right answer (N,), 0 for each wrong one."""
    return np.array([answer.guess == answer.truth for answer in answers], np.float64)


def counts(answers: Sequence[Answer]) -> npt.NDArray[np.int64]:
    """Return the confusion matrix (2, 2): rows are the truth, columns the guess."""
    truth, guess = (np.array([getattr(answer, name) for answer in answers], np.int64) for name in ("truth", "guess"))
    return confusion(truth, guess, len(HOLDING_CLASSES))


def picture_accuracy(answers: Sequence[Answer]) -> Accuracy:
    """Return the accuracy on pictures that are taken for independent."""
    hits = int(right(answers).sum())
    return Accuracy(hits / max(1, len(answers)), *wilson_interval(hits, len(answers)), count=len(answers))


def group_accuracy(answers: Sequence[Answer]) -> Accuracy:
    """Return the accuracy on the pictures of all folds, of which those of a group are alike."""
    low, high = group_interval(right(answers), [answer.group for answer in answers])
    return Accuracy(float(right(answers).mean()), low, high, count=len(answers))


def conclusion(compared: Sequence[Compared]) -> str:
    """Return what the folds allow to say of which architecture is better.

    Each is held against the best on the same pictures; the intervals of the differences hold together at 95 %.
    """
    best = max(compared, key=lambda one: right(one.folded).mean())
    others = [one for one in compared if one is not best]
    groups = len({answer.group for answer in best.folded})
    frame = f"{len(best.folded)} pictures in {groups} independent groups, one training a fold with one seed"
    if not others:
        return f"There is nothing to compare {best.name} with ({frame})."
    worse = [one.name for one in others if _is_worse(one, best, level=1 - 0.05 / len(others))]
    alike = [one.name for one in others if one.name not in worse]
    told = f"In cross-validation {best.name} is right most often ({frame}). "
    told += f"It is better than {', '.join(worse)}" if worse else "That it is better than any other cannot be said"
    if worse and alike:
        told += f"; that it is better than {', '.join(alike)} cannot be said"
    return f"{told}: differences within their 95 % intervals, corrected for {len(others)} comparisons, may be chance."


def _places(answers: Sequence[Answer]) -> list[tuple[Path, Box]]:
    return [(answer.path, answer.box_xyxy) for answer in answers]


def _is_worse(one: Compared, best: Compared, *, level: float) -> bool:
    own = dict(zip(_places(one.folded), right(one.folded), strict=True))
    lead = right(best.folded) - [own[place] for place in _places(best.folded)]
    return group_interval(lead, [answer.group for answer in best.folded], level=level)[0] > 0
