# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.training.small_checkpoints import saved
from tests.training.small_recipes import classifier_mapping, detector_recipe
from tests.training.small_sets import write_hands
from tests.training.teacher.small_models import classifier_model
from training import ranks
from training.checkpoint import read_state
from training.data.rendered import draw_set
from training.loop import CHECKPOINT
from training.teacher.classifier import CLASSES

# Sums of float32 in another order, over a few steps.
MAX_DIFFERENCE = 1e-5
# Processes that wait for each other would do so for half an hour.
PATIENCE_S = 180
PROGRAM = """
import sys
from pathlib import Path
from tests.training.shared_training import SharedTask, schedule
from training import ranks
from training.loop import train
batch = int(sys.argv[2])
with ranks.joined():
    train(SharedTask(batch), schedule(batch=batch), Path(sys.argv[1]), seed=5)
"""


SPREADING = """
import sys
from training import ranks
with ranks.joined():
    sys.stdout.write(f"{ranks.spread(lambda item: (item, ranks.number()), range(5))}\\n")
"""
DRAWING = """
import sys
from pathlib import Path
from training import ranks
from training.data.rendered import draw_set
with ranks.joined():
    draw_set(Path(sys.argv[1]), count=3, seed=5, backdrops=[])
    assert (Path(sys.argv[1]) / "annotations.json").exists()
"""


def run_of(folder: Path, repo_root: Path, *, processes: int, batch: int = 8) -> subprocess.CompletedProcess[str]:
    """Train in so many processes of their own."""
    script = folder / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    return launched([script, folder, batch], folder, repo_root, processes=processes)


def launched(
    program: Sequence[object], folder: Path, repo_root: Path, *, processes: int = 2
) -> subprocess.CompletedProcess[str]:
    """Run a Python program in so many processes of their own."""
    launch = [sys.executable]
    if processes > 1:
        launch += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*launch, *map(str, program)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(repo_root), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=repo_root, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


def test_two_processes_end_with_the_weights_of_one(tmp_path: Path, repo_root: Path) -> None:
    states = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        done = run_of(folder, repo_root, processes=processes)
        assert done.returncode == 0, done.stderr
        states.append(read_state(folder / CHECKPOINT))
    for part in ("model", "ema"):
        for name, value in states[0][part].items():
            torch.testing.assert_close(value, states[1][part][name], rtol=0, atol=MAX_DIFFERENCE)
    assert len((tmp_path / "2" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == len(
        (tmp_path / "1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    )


def test_a_batch_too_small_to_share_is_refused(tmp_path: Path, repo_root: Path) -> None:
    done = run_of(tmp_path, repo_root, processes=2, batch=1)
    assert done.returncode != 0
    assert "2 processes cannot share a batch of 1; raise schedule.batch" in done.stderr
    assert not (tmp_path / CHECKPOINT).exists()


def test_what_is_spread_is_done_once_and_known_to_all(tmp_path: Path, repo_root: Path) -> None:
    script = tmp_path / "spreading.py"
    script.write_text(SPREADING, encoding="utf-8")
    done = launched([script], tmp_path, repo_root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[(0, 0), (1, 1), (2, 0), (3, 1), (4, 0)]"] * 2


def test_two_processes_train_a_classifier_with_others_and_a_teacher(tmp_path: Path, repo_root: Path) -> None:
    write_hands(tmp_path / "hands", splits=["train"] * 6 + ["val"], gesture="palm", handedness="left")
    classifier_model(tmp_path / "teacher.onnx", [float(name == "fist") for name in CLASSES])
    saved(tmp_path / "detector.pt", detector_recipe(), heads__0__1__bias=2.0)
    model = classifier_mapping()["model"] | {"head_classes": [3, 2, 2]}
    others = {"detector": str(tmp_path / "detector.pt"), "min_score": 0.0}
    recipe = tmp_path / "small.yaml"
    recipe.write_text(json.dumps(classifier_mapping(model=model, others=others)), encoding="utf-8")
    options = ["--data", tmp_path, "--teacher", tmp_path / "teacher.onnx", "--to", tmp_path / "run"]
    script = tmp_path / "train.py"
    script.write_text("from edge.cli.train import main\nmain()\n", encoding="utf-8")
    done = launched([script, recipe, *options], tmp_path, repo_root)
    assert done.returncode == 0, done.stderr
    metrics = read_state(tmp_path / "run" / CHECKPOINT)["metrics"]
    assert set(metrics) == {"gesture_macro_f1", "handedness_macro_f1", "hands_kept", "others_dropped"}


def test_two_processes_draw_one_rendered_set(tmp_path: Path, repo_root: Path) -> None:
    script = tmp_path / "drawing.py"
    script.write_text(DRAWING, encoding="utf-8")
    done = launched([script, tmp_path / "shared"], tmp_path, repo_root)
    assert done.returncode == 0, done.stderr
    draw_set(tmp_path / "alone", count=3, seed=5, backdrops=[])
    shared, alone = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("shared", "alone"))
    annotations = [json.loads(files.pop("annotations.json")) for files in (shared, alone)]
    assert shared == alone
    assert annotations[0]["annotations"] == annotations[1]["annotations"]


def test_alone_everything_is_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    value = torch.tensor([1.0, 2.0])
    with ranks.joined():
        ranks.average_([value])
        assert ranks.is_leader()
        assert ranks.count() == 1
        assert ranks.share(range(3)) == [0, 1, 2]
        assert ranks.spread(str, range(3)) == ["0", "1", "2"]
    assert value.tolist() == [1, 2]
