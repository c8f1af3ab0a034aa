# SPDX-License-Identifier: Apache-2.0
"""The words of a command line, before they are parsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def with_models_repeated(words: Sequence[str]) -> list[str]:
    """Return `--models A B` as `--models A --models B`; every word up to the next option belongs to `--models`."""
    return with_option_repeated(words, "--models")


def with_option_repeated(
    words: Sequence[str], option: str, *, takes: Callable[[str], bool] = lambda _: True
) -> list[str]:
    """Return `option A B` as `option A option B`: the parser takes one value an option.

    The words behind it that it `takes` belong to it, up to the next option.
    """
    repeated: list[str] = []
    is_behind = has_value = False
    for place, word in enumerate(words):
        if word == "--":
            return [*repeated, *words[place:]]
        if word.startswith("-"):
            is_behind = word == option or word.startswith(f"{option}=")
            has_value = "=" in word
        elif is_behind and takes(word):
            repeated += [option] if has_value else []
            has_value = True
        else:
            is_behind = False
        repeated.append(word)
    return repeated
