# SPDX-License-Identifier: Apache-2.0
"""The words of a command line, before they are parsed."""

from __future__ import annotations

from collections.abc import Sequence

_OPTION = "--models"


def with_models_repeated(words: Sequence[str]) -> list[str]:
    """Return `--models A B` as `--models A --models B`: the parser takes one value an option.

    Every word up to the next option belongs to `--models`, whatever it names.
    """
    repeated: list[str] = []
    behind_models = has_value = False
    for place, word in enumerate(words):
        if word == "--":
            return [*repeated, *words[place:]]
        if word.startswith("-"):
            behind_models = word == _OPTION or word.startswith(f"{_OPTION}=")
            has_value = "=" in word
        elif behind_models:
            repeated += [_OPTION] if has_value else []
            has_value = True
        repeated.append(word)
    return repeated
