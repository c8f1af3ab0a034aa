# SPDX-License-Identifier: Apache-2.0
"""What pydantic found wrong in a configuration, in words that name the line, the key and the nearest right one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Place = tuple[str | int, ...]


def told_problem(
    error: ValidationError, model: type[BaseModel], line_of: Callable[[Sequence[str | int]], int | None]
) -> str:
    """Return the first problem as `, line N: key: what is wrong`, and how many more there are."""
    problems = error.errors(include_url=False, include_context=False)
    first = problems[0]
    place = first["loc"]
    line = line_of(place)
    where = "" if line is None else f", line {line}"
    text = f"{where}: {_told(dict(first), model)}"
    return text if len(problems) == 1 else f"{text} (and {len(problems) - 1} more)"


def _told(problem: dict[str, Any], model: type[BaseModel]) -> str:
    place: Place = problem["loc"]
    key = _path(place, model)
    kind, message = problem["type"], str(problem["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"unknown key {key}{_suggestion(str(place[-1]), _models_at(place[:-1], model))}"
    if kind == "missing":
        return f"{key} is missing"
    if kind == "union_tag_not_found":
        return f"{key}.type is missing; it is one of {', '.join(_tags(place, model))}"
    if kind == "union_tag_invalid":
        given = problem["input"].get("type")
        return f"{key}.type must be one of {', '.join(_tags(place, model))}, got {given!r:.60}"
    if kind == "model_type":
        message = "keys and values are expected here"
    given = problem["input"]
    told = f", got {given!r}" if isinstance(given, (int, float)) or kind == "literal_error" else ""
    return f"{key}{': ' if key else ''}{message[:1].lower()}{message[1:]}{told}"


def _suggestion(key: str, models: list[type[BaseModel]]) -> str:
    known = [name for model in models for name in model.model_fields]
    near = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; the keys here are {', '.join(known)}" if known else ""


def _path(place: Place, model: type[BaseModel]) -> str:
    """Return a place as the user wrote it: without the kind by which pydantic chose a model of a sink."""
    told = ""
    for number, part in enumerate(place):
        if isinstance(part, int):
            told += f"[{part}]"
        elif not (number and isinstance(place[number - 1], int) and part in _tags(place[:number], model)):
            told += f".{part}" if told else part
    return told


def _models_at(place: Place, model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return the models that may stand at a place."""
    models = [model]
    for part in place:
        fields = [found.model_fields[part] for found in models if isinstance(part, str) and part in found.model_fields]
        if fields:
            models = [below for field in fields for below in _models_in(field.annotation)]
        elif isinstance(part, str):
            models = [found for found in models if part in _tag_of(found)]
    return models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any type that a field may have
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _tags(place: Place, model: type[BaseModel]) -> list[str]:
    return [tag for found in _models_at(place, model) for tag in _tag_of(found)]


def _tag_of(model: type[BaseModel]) -> tuple[str, ...]:
    field = model.model_fields.get("type")
    return () if field is None else get_args(field.annotation)
