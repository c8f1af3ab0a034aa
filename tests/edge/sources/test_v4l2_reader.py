# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge.sources import v4l2_calls
from edge.sources.v4l2_calls import Call
from tests.edge.sources.fake_camera.camera import SOURCE, library, preloaded


def test_reader_keeps_its_promises_with_a_driver(tmp_path: Path, repo_root: Path) -> None:
    nodes = tmp_path / "dev"
    nodes.mkdir()
    cases = sorted(str(file) for file in SOURCE.parent.glob("*_cases.py"))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *cases],
        cwd=repo_root,
        env=preloaded(library(tmp_path), nodes),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "skipped" not in ran.stdout


def test_requests_are_as_long_as_their_numbers_say() -> None:
    calls = [call for call in vars(v4l2_calls).values() if isinstance(call, Call)]
    assert len(calls) >= 12
    for call in calls:
        assert call.fields.size == call.number >> 16 & 0x3FFF, call.name
