# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch

from edge.bundle.bundle import Bundle
from edge.cli.export import main
from tests.edge.bundles import noisy_picture
from training.models import build
from training.recipe_from_file import read_recipe

COMMAND = "from edge.cli.export import main; main()"
Outcome = tuple[int, str, str]


def edge_export(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """Run the command; return its exit code, standard output and standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-export", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    recipe = read_recipe("gesture-classifier", ["model.widths=[8, 8, 8, 8, 8]", "model.depths=[0, 0, 0, 0]"])
    state = {
        "model": build(recipe.model).state_dict(),
        "recipe": recipe.model_dump(mode="json"),
        "seed": 1,
        "data": {"sets": [{"dataset": "noise", "licence": "CC0-1.0", "pictures": 1}]},
    }
    torch.save(state, folder / "checkpoint.pt")
    (folder / "pictures").mkdir()
    cv2.imwrite(str(folder / "pictures/a.png"), noisy_picture(100, 80))
    return folder / "checkpoint.pt"


def test_figures_go_to_standard_output_and_end_with_the_bundle(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, pictures = checkpoint.parent / "out", checkpoint.parent / "pictures"
    options: list[str | Path] = ["--to", out, "--data", pictures, "--picture", pictures / "a.png"]
    code, printed, told = edge_export(capsys, checkpoint, *options)
    assert code == 0, told
    assert printed.splitlines()[-1] == str(out / "gesture-classifier")
    assert "max abs error" in printed
    assert "comparing with PyTorch on 1 pictures" in told
    assert Bundle.open(out / "gesture-classifier").verify().hands == 1


def test_json_is_one_object_and_nothing_else(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, pictures = checkpoint.parent / "out", checkpoint.parent / "pictures"
    code, printed, told = edge_export(capsys, checkpoint, "--to", out, "--data", pictures, "--name", "other", "--json")
    assert code == 0, told
    report = json.loads(printed)
    assert report["bundle"] == str(out / "other")
    assert [file["kept"] for file in report["files"]] == [False, True]
    assert Bundle.open(out / "other").manifest.self_test.boxes_xyxy


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.pt"], 3, "nowhere.pt is not a file"),
        (["CHECKPOINT", "--name", "Bad Name"], 2, "cannot export with these settings: name"),
        (["CHECKPOINT", "--version", "1"], 2, "cannot export with these settings: version"),
        (["CHECKPOINT", "--batch", "0"], 2, "batch"),
        (["CHECKPOINT", "--data", "nowhere"], 3, "nowhere is not a folder"),
        (["CHECKPOINT", "--accuracy", "nowhere.json"], 2, "cannot read accuracy card nowhere.json"),
        (["CHECKPOINT", "--min-score", "0.4"], 2, "min_score is for detectors"),
        ([], 2, "SOURCE"),
    ],
)
def test_a_fault_of_the_user_is_one_sentence_and_a_code(
    checkpoint: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    given = [str(checkpoint) if one == "CHECKPOINT" else one for one in arguments]
    left, printed, told = edge_export(capsys, *given)
    assert left == code, told
    assert message in told
    assert "Traceback" not in told
    assert printed == ""


def test_without_the_checkout_the_command_says_how_to_get_it(repo_root: Path) -> None:
    blocked = "import sys; sys.modules['export'] = None; "
    command = [sys.executable, "-c", blocked + COMMAND, "checkpoint.pt"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=repo_root, check=False)
    assert done.returncode == 7
    assert "pip install -e .[workstation]" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_needs_no_workstation(repo_root: Path) -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(['export', 'torch', 'onnx', 'onnxruntime', 'cv2'])); "
    command = [sys.executable, "-c", blocked + COMMAND, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=repo_root, check=False)
    assert done.returncode == 0, done.stderr
    assert "Exit codes" in done.stdout
