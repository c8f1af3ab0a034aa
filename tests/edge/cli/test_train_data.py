# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import pytest
import yaml

from edge.cli.train import main
from edge.scene import Scene
from tests.training.small_recipes import detector_mapping
from tests.training.small_sets import annotation, picture_with, write_coco, write_hands
from tests.training.small_visor import write_visor
from training.data.catalogue import samples_of
from training.data.coco import read_coco
from training.recipe import DataRecipe, SetRecipe

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
    boxes = [annotation(0, 10, 8, 42, 38)] + [annotation(1, 10, 8, 90 + number / 4, 38) for number in range(12)]
    folder = write_coco(tmp_path / "hands", [{}, {"split": "test"}], boxes)
    words: list[str | Path] = [
        "data",
        "check",
        tmp_path / "recipe.yaml",
        "--data",
        tmp_path,
        "--json",
        tmp_path / "found.json",
    ]
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
    words: list[str | Path] = [tmp_path / "recipe.yaml", "--data", tmp_path, "--to", tmp_path / "run"]
    code, _, err = edge_train(capsys, *words, "--strict")
    assert code == 3
    assert err.startswith("edge-train: the data is refused: 5 findings (5 gesture)")
    assert not (tmp_path / "run").exists()
    code, _, err = edge_train(capsys, *words)
    assert code == 0
    assert err.startswith("data: 5 pictures, 5 hands; 5 findings (5 gesture), none of them stops a training\n")


def test_a_published_set_is_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "TV-Hand"
    (source / "TV-Hand_Images").mkdir(parents=True)
    lines = [f"{name}.jpg,10,12,40,44,15,44,40,40,35,12,10,20,hand" for name in ("1_1", "2_1")]
    (source / "train_IDs_tv.txt").write_text("\n".join(lines), encoding="utf-8")
    cv2.imwrite(str(source / "TV-Hand_Images" / "1_1.jpg"), picture_with([]))
    code, out, err = edge_train(capsys, "data", "convert", "tv-hand", source, tmp_path / "tv", "--licence", "CC0-1.0")
    assert (code, out.splitlines()) == (
        0,
        ["1 pictures, 1 hands; 1 pictures skipped, 0 boxes outside their picture dropped", str(tmp_path / "tv")],
    )
    assert "2_1.jpg" in err
    (sample,) = read_coco(tmp_path / "tv")
    assert sample.licence == "CC0-1.0"
    code, _, err = edge_train(capsys, "data", "convert", "coco", source, tmp_path / "other")
    assert (code, err) == (
        2,
        "edge-train data: there is no layout 'coco'; choose one of oxford, tv-hand, coco-hand or visor\n",
    )


def test_visor_becomes_pictures_and_masks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_visor(tmp_path / "visor")
    code, out, err = edge_train(capsys, "data", "convert", "visor", source, tmp_path / "set", "--objects", "--copy")
    assert (code, out.splitlines()[-1]) == (0, str(tmp_path / "set"))
    assert "P01_01_frame_0000000999.jpg" in err
    assert (tmp_path / "set" / "train" / "masks" / "P01_01_frame_0000000140.png").is_file()
    code, _, err = edge_train(capsys, "data", "convert", "oxford", source, tmp_path / "other", "--objects")
    assert (code, err) == (
        2,
        "edge-train data: --objects is for visor, whose hands say what they touch; leave it out for oxford\n",
    )


def test_labels_by_shipped_models_are_a_set_that_a_recipe_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pictures").mkdir()
    frame = Scene(640, 360, seed=3).render(0.5)
    cv2.imwrite(str(tmp_path / "pictures" / "hand.jpg"), frame.bgr)
    (tmp_path / "pictures" / "none.jpg").write_text("no picture", encoding="utf-8")
    words: list[str | Path] = ["autolabel", "hand-detector", tmp_path / "pictures", "--models", "gesture-classifier"]
    code, out, err = edge_train(capsys, *words, "--to", tmp_path / "labelled", "--keep", "0.4", "--threads", "1")
    assert code == 0, err
    assert "skipped: " in err
    assert "none.jpg" in err
    assert out.splitlines()[-1] == str(tmp_path / "labelled")
    data = DataRecipe(sets=(SetRecipe(path="labelled", pseudo_labels=True),))
    (sample,) = samples_of(data, tmp_path, seed=0)
    assert len(sample.boxes_xyxy) > 0
    assert set(sample.handedness) <= {"left", "right"}
    code, _, err = edge_train(capsys, *words, "--to", tmp_path / "other", "--keep", "0.2")
    assert code == 2
    assert "expected 0 <= doubt <= keep <= 1" in err
