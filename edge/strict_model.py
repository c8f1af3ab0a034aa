# SPDX-License-Identifier: Apache-2.0
"""Base of the models that check what comes from outside."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class StrictModel(BaseModel):
    """An immutable pydantic model that refuses unknown fields, converted types, and numbers that are not finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True, protected_namespaces=()
    )


def first_problem(error: ValidationError) -> str:
    """Return the first problem of a validation as `field: what is wrong`, and how many more there are."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    place = ".".join(str(part) for part in first["loc"]) or "the top level"
    if first["type"] == "extra_forbidden":
        text = f"{place}: unknown field, remove it or update edge"
    elif first["type"] == "missing":
        text = f"{place}: missing"
    else:
        message = first["msg"].removeprefix("Value error, ")
        text = f"{place}: {message[:1].lower()}{message[1:]}"
    return text if len(problems) == 1 else f"{text} (and {len(problems) - 1} more)"
