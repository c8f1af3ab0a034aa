# SPDX-License-Identifier: Apache-2.0
"""JSON from outside: bounded depth, no duplicate keys, no numbers that are not finite."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from edge.errors import BundleFormatError

MAX_DEPTH = 50
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)


def load_json(raw: bytes, *, origin: str) -> object:
    """Parse UTF-8 JSON; `origin` names it in errors. Raises `BundleFormatError`."""
    try:
        text = raw.decode("utf-8")
        if _depth(text) > MAX_DEPTH:
            raise BundleFormatError(
                f"{origin}: nested deeper than {MAX_DEPTH} levels; no bundle needs that, refuse its origin"
            )
        return json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite_float
        )
    except (ValueError, RecursionError) as error:
        raise BundleFormatError(
            f"{origin}: expected JSON in UTF-8, but {_one_line(error)}; restore the file"
        ) from error


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        character = text[token.start()]
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} appears twice")
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large for a number")
    return value


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
