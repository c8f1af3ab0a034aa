# SPDX-License-Identifier: Apache-2.0
"""Base of the models that check what comes from outside."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

_CHOSEN = {("input", fit) for fit in ("letterbox", "stretch", "crop", "keypoints")}


class StrictModel(BaseModel):
    """An immutable pydantic model that refuses unknown fields, converted types, and numbers that are not finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True, protected_namespaces=()
    )


def first_problem(error: ValidationError) -> str:
    """Return the first problem of a validation as `field: what is wrong`, and how many more there are."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    parts = first["loc"]
    # The kind by which pydantic chose among models of an input stands in no file.
    named = [part for part, before in zip(parts, ("", *parts), strict=False) if (before, part) not in _CHOSEN]
    place = ".".join(map(str, named)) or "the top level"
    if first["type"] == "extra_forbidden":
        text = f"{place}: unknown field, remove it or update edge"
    elif first["type"] == "missing":
        text = f"{place}: missing"
    else:
        message = first["msg"].removeprefix("Value error, ")
        text = f"{place}: {message[:1].lower()}{message[1:]}"
    return text if len(problems) == 1 else f"{text} (and {len(problems) - 1} more)"
