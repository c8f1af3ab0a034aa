# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
import yaml

from edge.cli.train import main
from tests.training.importers.published_face import PUBLISHED, tensors_of
from tests.training.small_recipes import detector_mapping, holding_mapping
from tests.training.small_sets import write_listed
from training.checkpoint import read_checkpoint
from training.models import build

Outcome = tuple[int, str, str]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with lists of pictures, recipes, and files of the published training."""
    folder = tmp_path_factory.mktemp("desk")
    write_listed(folder / "data" / "hold", train=12, test=4)
    (folder / "holding.yaml").write_text(yaml.safe_dump(holding_mapping()), encoding="utf-8")
    (folder / "detector.yaml").write_text(yaml.safe_dump(detector_mapping()), encoding="utf-8")
    torch.save({"iters": 800, "net_state_dict": tensors_of(PUBLISHED["MobileFace"])}, folder / "net.ckpt")
    torch.save({"iters": 800, "net_state_dict": {"weight": torch.eye(2, 512)}}, folder / "margin.ckpt")
    return folder


def edge_train(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """Run the command in this process; return its exit code, standard output and standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def test_a_published_segmenter_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = build({"architecture": "deeplabv3_resnet50"}).state_dict()
    for name in ("classifier.4.weight", "classifier.4.bias"):
        state[name] = state[name].repeat_interleave(2, 0)
    lightning = {"state_dict": {f"deeplab.{name}": value for name, value in state.items()}}
    torch.save(lightning, tmp_path / "a.ckpt")
    to = tmp_path / "imported.pt"
    words: list[str | Path] = ["import", "hands-segmentation", tmp_path / "a.ckpt", "--to", to]
    assert edge_train(capsys, *words) == (0, f"{to}\n", "")
    assert read_checkpoint(to).recipe.name == "hand-deeplab"
    code, _, err = edge_train(capsys, *words, "--recipe", "hand-pose")
    assert (code, err) == (
        2,
        "edge-train: hand-pose is a recipe of a hand-pose; these files need one of a hand-segmenter\n",
    )


def test_a_published_checkpoint_is_imported_and_measured(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = desk / "imported.pt"
    options: list[str | Path] = ["--recipe", desk / "holding.yaml", "--architecture", "MobileFace", "--to", to]
    words: list[str | Path] = ["import", "face", desk / "net.ckpt", "model.embedding=512", *options]
    assert edge_train(capsys, *words, "--margin", desk / "margin.ckpt") == (0, f"{to}\n", "")
    code, out, _ = edge_train(capsys, "eval", to, "--data", desk / "data", "--json")
    assert code == 0
    assert '"hands": 4.0, "holding_accuracy": 0.5' in out
    code, _, err = edge_train(capsys, *words)
    assert code == 0
    assert "the head is new" in err


def test_networks_are_compared_in_one_report(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--architectures",
        "MobileFace",
        "--folds",
        "0",
        "--data",
        str(desk / "data"),
        "--to",
        str(desk / "runs"),
    ]
    code, out, err = edge_train(capsys, "compare", desk / "holding.yaml", "schedule.steps=1", *options)
    assert (code, out) == (0, f"{desk / 'runs' / 'report.html'}\n"), err
    assert "MobileFace" in (desk / "runs" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["import", "face", "{desk}/none.ckpt", "--architecture", "MobileFace"], 3, "none.ckpt is not a file"),
        (["import", "face", "{desk}/net.ckpt", "--architecture", "Res51"], 2, "unknown architecture 'Res51'"),
        (
            ["import", "face", "{desk}/net.ckpt", "--architecture", "Res50", "--recipe", "{desk}/detector.yaml"],
            2,
            "these files need one of a holding-classifier",
        ),
        (["compare", "{desk}/detector.yaml"], 2, "only those of a holding-classifier are compared"),
        (["compare", "{desk}/holding.yaml", "--architectures", "VGG"], 2, "got VGG"),
        (["compare", "{desk}/holding.yaml", "--folds", "1"], 2, "give --folds 0 for none"),
        (
            ["compare", "{desk}/holding.yaml", "--data", "{desk}/none", "--to", "{desk}/x"],
            3,
            "none/hold does not exist",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    left, out, err = edge_train(capsys, *(word.format(desk=desk) for word in words))
    assert (left, out) == (code, "")
    assert told in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("edge-train: ")
