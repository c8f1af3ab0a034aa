# SPDX-License-Identifier: Apache-2.0
"""The options behind the question mark of a source: `test:hands?width=640&fps=15`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl

from edge.errors import UsageError


@dataclass(frozen=True, slots=True)
class NumberOption:
    """An option that takes a number.

    Attributes:
        low, high: the smallest and largest value allowed.
        whole: whether it must be an integer.
    """

    low: float
    high: float
    whole: bool = True

    def __str__(self) -> str:
        return f"a {'whole ' if self.whole else ''}number from {self.low:.12g} to {self.high:.12g}"

    def number_from(self, text: str) -> float | None:
        """Return the number that a text stands for; None where it is not allowed."""
        try:
            value = float(int(text)) if self.whole else float(text)
        except (ValueError, OverflowError):
            return None
        return value if self.low <= value <= self.high else None


def query_values(uri: str, options: Mapping[str, NumberOption]) -> dict[str, float]:
    """The option values given in a source's name.

    Raises:
        UsageError: an option is unknown, given twice, or its value is not allowed.
    """
    _, _, query = uri.partition("?")
    values: dict[str, float] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        option = options.get(key)
        if option is None:
            raise UsageError(f"unknown option {key!r} in source {uri!r}; {_nearest(key, options)}")
        if key in values:
            raise UsageError(f"option {key!r} is given twice in source {uri!r}; give it once")
        values[key] = _number(key, text, option, uri)
    return values


def _number(key: str, text: str, option: NumberOption, uri: str) -> float:
    value = option.number_from(text)
    if value is None:
        raise UsageError(f"option {key!r} in source {uri!r} must be {option}, got {text!r}")
    return value


def _nearest(key: str, options: Mapping[str, NumberOption]) -> str:
    near = get_close_matches(key, options, n=1)
    choices = f"the options are {', '.join(sorted(options))}"
    return f"did you mean {near[0]!r}? {choices}" if near else choices
