# SPDX-License-Identifier: Apache-2.0
"""Which part of TensorRT's Python API which version has, and what a source file uses of it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from edge.engines.flavour import Flavour

TABLE = Path(__file__).with_name("tensorrt_api.json")
# What a variable of this name holds, `_` and `self.` aside, in the files that handle objects of TensorRT.
HOLDS = {
    "trt": "module",
    "flavour": "module",
    "builder": "Builder",
    "network": "INetworkDefinition",
    "layer": "ILayer",
    "parser": "OnnxParser",
    "problem": "ParserError",
    "config": "IBuilderConfig",
    "profile": "IOptimizationProfile",
    "cache": "ITimingCache",
    "severities": "ILogger.Severity",
    "runtime": "Runtime",
    "engine": "ICudaEngine",
    "context": "IExecutionContext",
}
# A `Flavour` of this package has these of its own.
_OUR_OWN = {field.name for field in fields(Flavour)} | {"title"}
RTX_GUARD = "if flavour.name != 'tensorrt_rtx'"


@dataclass(frozen=True)
class Use:
    """An attribute that a line reads or calls, and whether only TensorRT-RTX comes there."""

    owner: str
    name: str
    line: int
    rtx_only: bool


class Api:
    """The table: `versions` it covers, and for each class which of them has which member."""

    def __init__(self) -> None:
        table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
        self.versions: list[str] = table["versions"]
        self._members: dict[str, dict[str, str]] = table["members"]

    def members(self, owner: str, version: str) -> set[str]:
        """Return what a class has in a version."""
        column = self.versions.index(version)
        return {name for name, where in self._members[owner].items() if where == "all" or where[column] == "x"}

    def lacking(self, use: Use) -> list[str]:
        """Return the versions that come to a use and lack it."""
        versions = [version for version in self.versions if not use.rtx_only or version.startswith("rtx")]
        return [version for version in versions if use.name not in self.members(use.owner, version)]

    def uses(self, source: str) -> Iterator[Use]:
        """Yield what a file uses of TensorRT's objects, as the names of its variables tell."""
        tree = ast.parse(source)
        guarded = {
            inner
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef) and _is_for_rtx_alone(function)
            for inner in ast.walk(function)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and not node.attr.startswith("_"):
                owner = self._owner(node.value)
                if owner is not None and not (owner == "module" and node.attr in _OUR_OWN):
                    yield Use(owner, node.attr, node.lineno, node in guarded)

    def _owner(self, node: ast.expr) -> str | None:
        """Return the class whose member is looked up on `node`."""
        if isinstance(node, ast.Name | ast.Attribute) and _is_module(node):
            return "module"
        if isinstance(node, ast.Name):
            return HOLDS.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return HOLDS.get(node.attr.removeprefix("_"))
        outer = self._owner(node.value)
        inner = node.attr if outer == "module" else f"{outer}.{node.attr}"
        return inner if outer is not None and inner in self._members else None


def _is_module(node: ast.Name | ast.Attribute) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "module"


def _is_for_rtx_alone(function: ast.FunctionDef) -> bool:
    """Return whether a function turns all other flavours away first."""
    return any(
        ast.unparse(statement).startswith(RTX_GUARD)
        and isinstance(statement, ast.If)
        and isinstance(statement.body[-1], ast.Raise | ast.Return)
        for statement in function.body[:2]
    )
