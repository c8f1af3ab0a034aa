# SPDX-License-Identifier: Apache-2.0
"""From the models that a user names to tasks that go together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.decoders import LabelDecoder
from edge.errors import UsageError
from edge.tasks.loading import TASKS_ON_CROPS, task_from_bundle
from edge.tasks.task import Task


def tasks_from_models(
    models: Sequence[str | Path | Task], *, device: str, min_score: float | None, min_presence: float | None
) -> list[Task]:
    """Return a task for each model, each after those whose answers it needs; all of them are the caller's to close.

    A model that is a task already gets a sibling, so that its owner may go on using and closing it.

    Raises:
        UsageError: a model is unknown, or the models do not go together.
        BundleError: a model cannot be loaded.
    """
    if isinstance(models, (str, Path)):
        raise UsageError(f"models must be a sequence, got {models!r}; write models=[{str(models)!r}]")
    with ExitStack() as opened:
        tasks = [opened.enter_context(_task_from_model(model, device, min_score, min_presence)) for model in models]
        _require_one_that_finds_hands(tasks)
        _require_different_names(tasks)
        _require_different_answers(tasks)
        _require_keypoints(tasks)
        opened.pop_all()
    return sorted(tasks, key=lambda task: (task.needs_hands, task.needs_keypoints))


def _task_from_model(
    model: str | Path | Task, device: str, min_score: float | None, min_presence: float | None
) -> Task:
    if isinstance(model, Task):
        return model.sibling()
    bundle = Bundle.open(find_bundle(model))
    task = bundle.manifest.task
    return task_from_bundle(
        bundle,
        device=device,
        min_score=min_score if task == "detector" else None,
        min_presence=min_presence if task in TASKS_ON_CROPS else None,
    )


def _require_one_that_finds_hands(tasks: Sequence[Task]) -> None:
    finders = [task.name for task in tasks if not task.needs_hands]
    if not finders:
        named = ", ".join(task.name for task in tasks) or "none"
        raise UsageError(f"models must include one that finds hands, such as hand-detector; got {named}")
    if len(finders) > 1:
        raise UsageError(
            f"models must include only one that finds hands, got {', '.join(finders)}; give each a pipeline of its own"
        )


def _require_different_names(tasks: Sequence[Task]) -> None:
    names = [task.name for task in tasks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"models must have different names, got {twice!r} twice; give it once, or rename one of them")


def _require_different_answers(tasks: Sequence[Task]) -> None:
    owners: dict[str, str] = {}
    for task in tasks:
        for answer in _answers_of(task):
            owner = owners.setdefault(answer, task.name)
            if owner != task.name:
                raise UsageError(f"models {owner} and {task.name} both tell the {answer}; give one of them")


def _require_keypoints(tasks: Sequence[Task]) -> None:
    needing = [task.name for task in tasks if task.needs_keypoints]
    if needing and not any(task.contract.task == "keypoints" for task in tasks):
        raise UsageError(f"model {needing[0]} needs keypoints; give one that places them too")


def _answers_of(task: Task) -> list[str]:
    """Return what a task tells of hands that were found; of their presence each may have an opinion of its own."""
    decoder = task.contract.decoder
    if isinstance(decoder, LabelDecoder):
        return [head.role for head in decoder.heads if head.role != "presence"]
    return [task.contract.task] if task.needs_hands else []
