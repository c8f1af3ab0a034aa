# SPDX-License-Identifier: Apache-2.0
"""One training of a comparison and what came of it, kept so that it need not be repeated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import OutputError, SourceError, UsageError
from edge.strict_model import first_problem
from training.checkpoint import read_checkpoint
from training.data.catalogue import held_out_samples
from training.data.pictures import PictureStore
from training.loop import CHECKPOINT, WEIGHTS, train
from training.provenance import changed_key
from training.recipe import HoldingRecipe
from training.tasks import task_from_recipe
from training.tasks.classifier import classify
from training.tasks.holding import known_hands

RESULT = "result.json"
Say = Callable[[str], None]
Box = tuple[float, float, float, float]


class Answer(BaseModel):
    """What a trained model said of one hand that it had not seen: class numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    group: str
    box_xyxy: Box
    truth: int
    guess: int


class RunResult(BaseModel):
    """A finished training: its recipe and its answers on what it was tested with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: dict[str, Any]
    answers: tuple[Answer, ...]


def finished_run(recipe: HoldingRecipe, folder: Path, data_root: Path, *, keep_weights: bool, say: Say) -> RunResult:
    """Return the result in `folder`, training and testing first where there is none; a half-made one goes on.

    Its checkpoint is deleted in the end, the smaller `weights.pt` only without `keep_weights`. Raises `UsageError` when
    the folder holds the result of another recipe, and as `training.loop.train`.
    """
    file = folder / RESULT
    if file.exists():
        result = _read(file)
        changed = changed_key(result.recipe, recipe.model_dump(mode="json"))
        if changed is not None:
            raise UsageError(f"{file} is of another {changed}; compare into another folder, or remove it")
        return result
    path = train(task_from_recipe(recipe, data_root), recipe.schedule, folder, seed=recipe.seed, say=say)
    result = RunResult(recipe=recipe.model_dump(mode="json"), answers=_answers(path, recipe, data_root))
    write_whole(file, result.model_dump_json())
    for name in (CHECKPOINT,) if keep_weights else (CHECKPOINT, WEIGHTS):
        (folder / name).unlink(missing_ok=True)
    return result


def _answers(checkpoint: Path, recipe: HoldingRecipe, data_root: Path) -> tuple[Answer, ...]:
    samples = held_out_samples(recipe.data, data_root)
    model = read_checkpoint(checkpoint).model()
    pictures = PictureStore(sample.path for sample in samples)
    return tuple(
        Answer(
            path=hand.path,
            group=f"{sample.dataset}/{sample.group}",
            box_xyxy=tuple(hand.box_xyxy.tolist()),
            truth=hand.holding,
            guess=classify(model, pictures, hand, recipe)["holding"],
        )
        for sample in samples
        for hand in known_hands([sample], recipe)
    )


def _read(file: Path) -> RunResult:
    try:
        return RunResult.model_validate_json(file.read_bytes())
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}; check its permissions") from error
    except ValidationError as error:
        raise SourceError(f"{file} is no result of a comparison: {first_problem(error)}; remove it") from error


def write_whole(file: Path, text: str) -> None:
    """Write a file so that it is never seen half-written. Raises `OutputError`."""
    partial = file.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror}; compare into another folder") from error
