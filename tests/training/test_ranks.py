# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training import ranks
from training.checkpoint import read_state
from training.loop import CHECKPOINT

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


def run_of(folder: Path, repo_root: Path, *, processes: int, batch: int = 8) -> subprocess.CompletedProcess[str]:
    """Train in so many processes of their own."""
    launch = [sys.executable]
    if processes > 1:
        launch += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    script = folder / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    command = [*launch, str(script), str(folder), str(batch)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(repo_root), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=repo_root, env=environment, capture_output=True, text=True, check=False, timeout=180
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


def test_alone_everything_is_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    value = torch.tensor([1.0, 2.0])
    with ranks.joined():
        ranks.average_([value])
        assert ranks.is_leader()
        assert ranks.count() == 1
        assert ranks.share(range(3)) == [0, 1, 2]
    assert value.tolist() == [1, 2]
