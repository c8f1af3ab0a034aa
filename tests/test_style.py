# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDERS = ("edge", "training", "export", "benchmarks", "tests")
MAX_LINES = {".py": 300, ".pyi": 300, ".cpp": 400, ".hpp": 400, ".cu": 400, ".cuh": 400}
MAX_FUNCTION_LINES = 40


@pytest.fixture(scope="module")
def sources(repo_root: Path) -> list[Path]:
    files = [path for folder in FOLDERS for path in (repo_root / folder).rglob("*") if path.suffix in MAX_LINES]
    assert len(files) > 50
    return files


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    spent = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - spent


def test_every_source_names_its_licence_first(sources: list[Path]) -> None:
    first_lines = {path: path.read_text(encoding="utf-8").partition("\n")[0] for path in sources}
    wrong = [path for path, line in first_lines.items() if line[2:].strip() != "SPDX-License-Identifier: Apache-2.0"]
    assert not wrong


def test_every_source_is_short(sources: list[Path]) -> None:
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in sources}
    assert not {str(path): count for path, count in lines.items() if count > MAX_LINES[path.suffix]}


def test_every_function_is_short(sources: list[Path]) -> None:
    long = {}
    for path in (path for path in sources if path.suffix == ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and function_lines(node) > MAX_FUNCTION_LINES:
                long[f"{path}:{node.name}"] = function_lines(node)
    assert not long
