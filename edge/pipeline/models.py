# SPDX-License-Identifier: Apache-2.0
"""From the models that a user names to tasks that go together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.decoders import BoxDecoder, LabelDecoder, MaskDecoder
from edge.decoders.presence import least_candidate
from edge.errors import UsageError
from edge.tasks.detector import HandDetector
from edge.tasks.loading import task_from_bundle, trusted_presence
from edge.tasks.task import Task

SEGMENTER = "hand-segmenter"


def tasks_from_models(models: Sequence[str | Path | Task], *, device: str, min_score: float | None) -> list[Task]:
    """Return a task for each model in the order of their work; all of them are the caller's to close.

    Each comes after those whose answers it needs, and those that may drop hands come early, the most trusted one first.
    A model that is a task already gets a sibling, so that its owner may go on using and closing it; it keeps its own
    threshold. Of the models opened here the detector drops what scores less than `min_score`, by default its bundle's;
    where others look again at what it found, it passes on whatever they may make of that score, and the last one drops.

    Raises:
        UsageError: a model is unknown, or the models do not go together.
        BundleError: a model cannot be loaded.
    """
    if isinstance(models, (str, Path)):
        raise UsageError(f"models must be a sequence, got {models!r}; write models=[{str(models)!r}]")
    sources = [model if isinstance(model, Task) else Bundle.open(find_bundle(model)) for model in models]
    thresholds = _thresholds(sources, min_score)
    with ExitStack() as opened:
        tasks = [
            opened.enter_context(_task_from_source(source, device, threshold))
            for source, threshold in zip(sources, thresholds, strict=True)
        ]
        _require_one_that_finds_hands(tasks)
        _require_different_names(tasks)
        _require_different_answers(tasks)
        _require_keypoints(tasks)
        opened.pop_all()
    return sorted(tasks, key=_place)


def with_segmenter(models: Sequence[str | Path]) -> list[str | Path]:
    """Return the models and, where none of them tells masks, the one that ships. Raises as `tasks_from_models`."""
    told = any(Bundle.open(find_bundle(model)).manifest.task == "segmenter" for model in models)
    return list(models) if told else [*models, SEGMENTER]


def _place(task: Task) -> tuple[bool, bool, float]:
    return task.needs_hands, task.contract.task == "pose", -trusted_presence(task.contract)


def _thresholds(sources: Sequence[Bundle | Task], min_score: float | None) -> list[float | None]:
    """Return the least score of each model that is opened here and drops hands, None for the others."""
    thresholds: list[float | None] = [None] * len(sources)
    opened = {number: source.manifest for number, source in enumerate(sources) if isinstance(source, Bundle)}
    trusts = {number: trust for number, contract in opened.items() if (trust := trusted_presence(contract))}
    for number, source in enumerate(sources):
        if isinstance(source, HandDetector):
            least = source.min_score if min_score is None else min_score
        elif number in opened and isinstance(decoder := opened[number].decoder, BoxDecoder):
            least = decoder.min_score if min_score is None else min_score
            thresholds[number] = least_candidate(least, trusts.values())
        else:
            continue
        if trusts:
            thresholds[min(reversed(trusts), key=trusts.__getitem__)] = least
    return thresholds


def _task_from_source(source: Bundle | Task, device: str, min_score: float | None) -> Task:
    if isinstance(source, Task):
        return source.sibling()
    return task_from_bundle(source, device=device, min_score=min_score)


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
    if isinstance(decoder, MaskDecoder):
        return ["mask"]
    return [task.contract.task] if task.needs_hands else []
