# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from edge.cli.train import main
from tests.training.small_recipes import detector_mapping
from tests.training.small_sets import annotation, write_coco, write_hands

Outcome = tuple[int, str, str]


def edge_train(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """Run the command in this process; return its exit code, standard output and standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def test_a_check_names_what_is_wrong_decides_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(detector_mapping()), encoding="utf-8")
    boxes = [annotation(0, 10, 8, 42, 38)] + [annotation(1, 10, 8, 90 + number, 38) for number in range(12)]
    folder = write_coco(tmp_path / "hands", [{}, {"split": "test"}], boxes)
    words = ["data", "check", tmp_path / "recipe.yaml", "--data", tmp_path, "--json", tmp_path / "found.json"]
    code, out, err = edge_train(capsys, *words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "outside: hands/1.png: box 0 reaches 26 pixels out of the 64x48 picture"
    assert "outside: 2 more, which --json names" in lines
    assert lines[-1].startswith("78 findings (12 outside, 66 overlap), none of them stops a training")
    assert len(json.loads((tmp_path / "found.json").read_bytes())["findings"]) == 78

    code, _, err = edge_train(capsys, *words, "--strict")
    assert code == 3
    assert "the data is refused: 78 findings" in err
    (folder / "0.png").unlink()
    code, out, err = edge_train(capsys, "data", "check", folder)
    assert code == 3
    assert out.startswith("unreadable: hands/0.png")
    assert "1 of them stop a training" in err


def test_a_strict_training_refuses_what_another_only_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(detector_mapping()), encoding="utf-8")
    write_hands(tmp_path / "hands", splits=["train", "train", "train", "val", "test"], gesture="plam")
    words = [tmp_path / "recipe.yaml", "--data", tmp_path, "--to", tmp_path / "run"]
    code, _, err = edge_train(capsys, *words, "--strict")
    assert code == 3
    assert err.startswith("edge-train: the data is refused: 5 findings (5 gesture)")
    assert not (tmp_path / "run").exists()
    code, _, err = edge_train(capsys, *words)
    assert code == 0
    assert err.startswith("data: 5 pictures, 5 hands; 5 findings (5 gesture), none of them stops a training\n")
