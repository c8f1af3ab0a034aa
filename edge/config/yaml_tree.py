# SPDX-License-Identifier: Apache-2.0
"""YAML with the line of every value, and without what a configuration has no use for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MAX_DEPTH = 20
MAX_NUMBER = 1e18


class YamlError(Exception):
    """A text is not YAML of the allowed kind; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class YamlTree:
    """What a YAML text holds.

    Attributes:
        value: mappings, lists, texts, numbers, true, false and null.
        node: the same as parsed, with its place in the text; None for an empty text.
    """

    value: Any
    node: yaml.Node | None

    @classmethod
    def from_text(cls, text: str) -> YamlTree:
        """Parse a text.

        Raises `YamlError` for what is not YAML, has aliases, tags or a key twice, or is deeper than 20 levels.
        """
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
            return cls(None if node is None else loader.construct_document(node), node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise YamlError(" ".join(str(error.problem).split()), mark.line + 1 if mark else 1) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise YamlError("a character that may not stand in YAML", line) from error

    def line_of(self, place: Sequence[str | int]) -> int | None:
        """Return the line of a value, or of the nearest one around it; parts that are not in the text are skipped."""
        node, line = self.node, None
        for part in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == part), None)
                if found is not None:
                    line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line


class _Loader(yaml.SafeLoader):
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _problem("aliases (*name) are not allowed", event)
        if self._depth > MAX_DEPTH:
            raise _problem(f"nested deeper than {MAX_DEPTH} levels", event)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise _problem("a key must be a word", key)
            if key.value in seen:
                raise _problem(f"key {key.value!r} is there twice; keep one", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        try:
            value = super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            raise _problem(f"{node.value!r:.40} cannot be read as a value; put it in quotes", node) from error
        if isinstance(value, (bytes, set, dt.date)) or (
            isinstance(value, (int, float)) and not abs(value) < MAX_NUMBER
        ):
            raise _problem(f"{node.value!r:.40} is no text and no number; put it in quotes if it is a text", node)
        return value


def _problem(told: str, at: yaml.Node | yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=told, problem_mark=at.start_mark)  # type: ignore[arg-type]
