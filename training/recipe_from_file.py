# SPDX-License-Identifier: Apache-2.0
"""Recipes read from YAML, changed on the command line and checked by pydantic."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import TypeAdapter, ValidationError

from edge.errors import UsageError
from training.recipe import AnyRecipe, Recipe, StrictRecipe

TASKS = tuple(get_args(model.model_fields["task"].annotation)[0] for model in get_args(AnyRecipe))
RECIPES = Path(__file__).parent / "recipes"
_RECIPE: TypeAdapter[AnyRecipe] = TypeAdapter(Recipe)


def read_recipe(name_or_path: str, changes: Sequence[str] = ()) -> AnyRecipe:
    """Read a shipped recipe by name or any recipe by path, with `key.key=value` changes applied (values are YAML).

    Raises `UsageError` for a missing file, an unknown key (the nearest one is suggested) or a wrong value.
    """
    path = Path(name_or_path) if name_or_path.endswith((".yaml", ".yml")) else RECIPES / f"{name_or_path}.yaml"
    if not path.is_file():
        shipped = sorted(file.stem for file in RECIPES.glob("*.yaml"))
        raise UsageError(f"there is no recipe {name_or_path!r}; give a .yaml file or one of {', '.join(shipped)}")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; check its permissions") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {_one_line(error)}") from error
    if not isinstance(raw, dict):
        raise UsageError(f"{path} must hold keys and values such as `task: hand-detector`, got {type(raw).__name__}")
    for change in changes:
        _apply(raw, change)
    return recipe_from_mapping(raw, origin=str(path))


def recipe_from_mapping(raw: Any, *, origin: str) -> AnyRecipe:
    """Validate a recipe already parsed; `origin` names it in errors. Raises `UsageError`."""
    try:
        return _RECIPE.validate_python(raw)
    except ValidationError as error:
        problems = "; ".join(_explained(dict(problem)) for problem in error.errors())
        raise UsageError(f"recipe {origin}: {problems}") from error


def _apply(raw: dict[str, Any], change: str) -> None:
    key, separator, value = change.partition("=")
    if not separator or not key:
        raise UsageError(f"expected key=value, got {change!r}; for example schedule.steps=100")
    *parents, last = key.split(".")
    target = raw
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise UsageError(f"{change!r}: {parent} holds a value, not further keys")
    try:
        target[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"{change!r}: the value is not YAML: {_one_line(error)}") from error


def _explained(problem: dict[str, Any]) -> str:
    # The first part of a place may be the recipe's task, by which pydantic chose the model.
    place = ".".join(str(part) for part in problem["loc"] if part not in TASKS)
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(problem["loc"][-1]), _all_keys(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown key {place!r}{hint}"
    return f"{place or 'its keys'}: {str(problem['msg']).removeprefix('Value error, ')}"


def _all_keys() -> list[str]:
    return sorted({field for model in StrictRecipe.__subclasses__() for field in model.model_fields})


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
