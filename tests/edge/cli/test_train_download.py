# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge.cli.train import main
from tests.training.download.small_server import Shelf, archive_of, serving


def download(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run `edge-train data download` in this process; return its exit code, standard output and standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-train", "data", "download", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def test_archives_of_the_named_gestures_are_fetched_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shelf = Shelf(archive_of(1000))
    with serving(shelf) as address:
        words = ["hagrid", "--annotations", "--dataset", "--targets", "like", "fist", "--train", "--subset"]
        code, out, err = download(capsys, *words, "--to", tmp_path, "--mirror", address)
        assert code == 0, err
        again = download(capsys, *words, "--to", tmp_path, "--mirror", address)
    names = ["ann_train_val", "train_val_like", "train_val_fist", "ann_subsample", "subsample"]
    paths = [tmp_path / f"{name}.zip" for name in names]
    assert out.splitlines() == list(map(str, paths))
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert shelf.paths == [f"/{path.name}" for path in paths]
    assert again == (0, out, "".join(f"{path} is there already\n" for path in paths))


def test_targets_of_the_subset_are_told_to_choose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Shelf(archive_of(1000))) as address:
        words = ["hagrid", "--dataset", "--targets", "like", "fist", "--subset", "--to", str(tmp_path)]
        code, out, err = download(capsys, *words, "--mirror", address)
    assert (code, out) == (0, f"{tmp_path / 'subsample.zip'}\n")
    assert "--targets choose from --train alone" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["coco", "--dataset"], 2, "there is no data set 'coco' to download; choose one of hagrid"),
        (["hagrid"], 2, "say what to download: --annotations, --dataset or both"),
        (["hagrid", "--dataset", "--version", "2", "--subset"], 2, "HaGRID v2 has the parts train, light; not subset"),
    ],
)
def test_mistakes_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert download(capsys, *words, "--to", tmp_path) == (code, "", f"edge-train data: {message}\n")


def test_a_missing_archive_ends_with_the_code_of_a_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Shelf(archive_of(1000), statuses=[404])) as address:
        code, out, err = download(capsys, "hagrid", "--annotations", "--to", tmp_path, "--mirror", address)
    assert (code, out) == (3, "")
    assert "the server answers 404 Not Found" in err
    assert not list(tmp_path.iterdir())
