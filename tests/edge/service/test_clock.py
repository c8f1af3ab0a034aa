# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDERS = ("edge/service", "edge/sources", "edge/pipeline", "edge/telemetry")
WALL_CLOCK = {
    ("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "clock_gettime")
} | {(owner, name) for owner in ("datetime", "date") for name in ("now", "utcnow", "today", "fromtimestamp")}


def wall_clock_uses(text: str) -> list[int]:
    """Return the lines of a program that read the wall clock, or import what does."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
            if (owner, node.attr) in WALL_CLOCK:
                lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            lines += [node.lineno for name in node.names if ("time", name.name) in WALL_CLOCK]
    return lines


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_lives_for_months_reads_no_wall_clock(repo_root: Path, folder: str) -> None:
    paths = sorted((repo_root / folder).rglob("*.py"))
    assert paths
    assert {str(path): lines for path in paths if (lines := wall_clock_uses(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.time()",
        "from time import time",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date\ndate.today()",
    ],
)
def test_the_check_finds_a_wall_clock(text: str) -> None:
    assert wall_clock_uses(text)


def test_the_check_lets_the_monotonic_clock_pass() -> None:
    assert not wall_clock_uses("import time\ntime.monotonic()\ntime.monotonic_ns()\ntime.sleep(1)")
