# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.tables import DOCUMENTS, RESULTS, TABLES, table, with_tables


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_show_the_stored_results(repo_root: Path, document: str) -> None:
    text = (repo_root / document).read_text(encoding="utf-8")
    assert with_tables(text) == text, "run: python -m benchmarks.tables"


def test_every_table_is_shown_somewhere(repo_root: Path) -> None:
    shown = "".join((repo_root / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    assert [name for name in TABLES if f"<!-- table: {name} -->" not in shown] == []


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_rows_of_the_same_length(name: str) -> None:
    lines = TABLES[name](RESULTS).splitlines()
    assert len(lines) > 2
    assert len({line.count("|") for line in lines}) == 1


def test_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_text_around_the_tables_stays() -> None:
    text = "before\n<!-- table: gestures -->stale<!-- end -->\nafter\n"
    written = with_tables(text)
    assert written.startswith("before\n<!-- table: gestures -->\n\n| classifier")
    assert written.endswith("<!-- end -->\nafter\n")
    assert "stale" not in written
