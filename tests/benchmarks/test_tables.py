# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.chart import ratios
from benchmarks.comparison import Comparison, Seen
from benchmarks.footprint import Footprint
from benchmarks.handedness_score import HandednessScore
from benchmarks.tables import DOCUMENTS, RESULTS, TABLES, table, with_tables


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_show_the_stored_results(repo_root: Path, document: str) -> None:
    text = (repo_root / document).read_text(encoding="utf-8")
    assert with_tables(text) == text, "run: python -m benchmarks.tables"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for path in RESULTS.glob("*.json"):
        shutil.copy(path, tmp_path)
    speed = {
        "comparisons": [Comparison("frames", "ours", "theirs", "FPS", 2.0, 1.0, 3).to_dict()],
        "footprint": Footprint(1.0, 2.0, 10, 30.0, 20.0, 20.0).to_dict(),
    }
    (tmp_path / "speed.json").write_text(json.dumps(speed), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_rows_of_the_same_length(name: str, results: Path) -> None:
    lines = TABLES[name](results).splitlines()
    assert len(lines) > 2
    assert len({line.count("|") for line in lines}) == 1


def test_handedness_is_shown_where_it_was_measured(results: Path) -> None:
    path = results / "gesture.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    for score in stored["classifiers"]["gesture-classifier"]["boxes"].values():
        score.pop("handedness", None)
    path.write_text(json.dumps(stored), encoding="utf-8")
    assert "handedness" not in TABLES["gestures"](results)
    for score in stored["classifiers"]["gesture-classifier"]["boxes"].values():
        score["handedness"] = HandednessScore(hands=4, accuracy=0.75, macro_f1=0.7, larger_share=0.5).to_dict()
    path.write_text(json.dumps(stored), encoding="utf-8")
    head, _, ours, _, peer, *_ = TABLES["gestures"](results).splitlines()
    assert head.endswith("| handedness: accuracy | handedness: macro F1 | handedness: share of the larger class |")
    assert ours.endswith("| 0.75 | 0.70 | 0.50 |")
    assert peer.endswith("|  |  |  |")


def test_what_both_sides_saw_is_shown_where_it_was_counted(results: Path) -> None:
    path = results / "speed.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert "hands" not in TABLES["speed"](results)
    counted = Comparison("video", "edge-run", "peer", "FPS", 2.0, 1.0, 3, Seen(54, 60), Seen(50, 31))
    stored["comparisons"].append(counted.to_dict())
    path.write_text(json.dumps(stored), encoding="utf-8")
    head, _, uncounted, video = TABLES["speed"](results).splitlines()
    assert head.endswith("| frames, ours / theirs | hands, ours / theirs |")
    assert uncounted.endswith("|  |  |")
    assert video.endswith("| 54 / 50 | 60 / 31 |")
    assert ratios(stored) == {"peer": pytest.approx(2.0)}


def test_every_table_is_shown_somewhere(repo_root: Path) -> None:
    shown = "".join((repo_root / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    assert [name for name in TABLES if f"<!-- table: {name} -->" not in shown] == []


def test_what_was_not_measured_has_no_table(tmp_path: Path) -> None:
    text = "<!-- table: speed -->stale<!-- end -->"
    assert with_tables(text, tmp_path) == "<!-- table: speed -->\n<!-- end -->"


def test_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_text_around_the_tables_stays() -> None:
    text = "before\n<!-- table: gestures -->stale<!-- end -->\nafter\n"
    written = with_tables(text)
    assert written.startswith("before\n<!-- table: gestures -->\n\n| classifier")
    assert written.endswith("<!-- end -->\nafter\n")
    assert "stale" not in written
