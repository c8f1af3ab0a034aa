# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import edge
from edge import errors

HEAVY = ("cv2", "onnxruntime", "pydantic", "rich", "typer", "yaml", "edge._native")


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_name_behind_the_door_is_there() -> None:
    for name in edge.__all__:
        assert getattr(edge, name) is not None
    assert set(edge.__all__) <= set(dir(edge))
    assert sorted(edge.__all__, key=str.lower) == sorted(set(edge.__all__), key=str.lower)


def test_door_tells_type_checkers_what_it_tells_python(repo_root: Path) -> None:
    tree = ast.parse((repo_root / "edge" / "__init__.py").read_text(encoding="utf-8"))
    checked = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edge.")
        for alias in node.names
    }
    assert checked == edge._HOME
    assert set(checked) == set(edge.__all__)


def test_unknown_name_is_an_attribute_error_that_lists_the_choices() -> None:
    with pytest.raises(AttributeError, match=r"it offers .*Pipeline"):
        edge.Pipelin  # noqa: B018


def test_the_version_is_that_of_the_package_and_costs_nothing_until_it_is_asked() -> None:
    assert edge.__version__ == version("edge-hands")
    assert "__version__" in dir(edge)
    assert "importlib.metadata" not in modules_after("import edge") - modules_after("")


def test_import_brings_no_dependency() -> None:
    assert not modules_after("import edge") & {*HEAVY, "numpy"}


def test_command_line_parses_before_anything_heavy() -> None:
    assert not modules_after("import edge.cli.run") & (set(HEAVY) - {"typer", "rich"}) - {"rich"}


def test_exit_codes_tell_kinds_of_errors_apart() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EdgeError)]
    families = [kind for kind in kinds if kind.__base__ in (errors.EdgeError, Exception)]
    assert sorted(kind.exit_code for kind in families) == [1, 2, 3, 4, 5, 6, 7, 8]
    for kind in kinds:
        assert f"{kind.__name__} " in (errors.__doc__ or ""), "the tree at the top of the file shows every error"
