# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from edge.errors import DependencyError
from edge.machine.gpu import find_gpu
from tests.edge.doctor.trees import ORIN_JETPACK_7, ORIN_NANO_JETPACK_6, write_tree

PROGRAM = Path(sysconfig.get_path("scripts")) / "edge-doctor"


def edge_doctor(*words: str | Path, engines: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"EDGE_ENGINES": str(engines), "COLUMNS": "160"}
    return subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, check=False, timeout=300)


def test_everything_that_is_configured_here_works(tmp_path: Path) -> None:
    done = edge_doctor("--json", "--device", "cpu", engines=tmp_path / "none")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["schema"]) == (0, True, "edge.doctor/1"), document
    topics = {finding["topic"] for finding in document["findings"]}
    assert topics == {"system", "cameras", "acceleration", "runtimes", "models", "licences", "libraries"}
    assert not (tmp_path / "none").exists()


def test_a_recorded_tree_is_told_as_a_table_with_remedies(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "orin", ORIN_NANO_JETPACK_6)
    done = edge_doctor("--root", tree, engines=tmp_path / "none")
    assert "36.4.3, JetPack 6.2" in done.stdout
    assert "note: power mode: 25W; sudo nvpmodel -m 2 runs it at MAXN_SUPER" in done.stdout
    assert "runtimes" not in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every device")
def test_a_missing_group_is_exit_code_7(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "orin", ORIN_JETPACK_7)
    done = edge_doctor("--root", tree, "--device", "gpu", engines=tmp_path / "none")
    assert (done.returncode, "problem: group render" in done.stdout) == (7, True)


def test_what_is_configured_and_cannot_work_is_exit_code_7(tmp_path: Path) -> None:
    try:
        find_gpu()
        pytest.skip("this machine has a GPU")
    except DependencyError:
        done = edge_doctor("--device", "gpu", "--models", "hand-detector", "--json", engines=tmp_path / "none")
    assert done.returncode == 7
    problems = [finding for finding in json.loads(done.stdout)["findings"] if finding["status"] == "problem"]
    assert [finding["name"] for finding in problems] == ["GPU"]


def test_a_tree_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = edge_doctor("--root", tmp_path / "nowhere", engines=tmp_path)
    assert (done.returncode, "give the root of a recorded file tree" in done.stderr) == (3, True)
