# SPDX-License-Identifier: Apache-2.0
"""What `edge-run` does to files that were there before."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.edge.cli.program import FRAMES, PROGRAM, edge_run, frames_in, lines_of


@pytest.fixture
def own_desk(desk: Path, tmp_path: Path) -> Path:
    """Return a copy of the desk that a test may spoil."""
    return Path(shutil.copytree(desk, tmp_path / "own"))


def test_any_name_can_be_read_and_written(own_desk: Path, repo_root: Path) -> None:
    (own_desk / "clip.mp4").rename(own_desk / "bad\udcff:1.mp4")
    done = edge_run(own_desk, "bad\udcff:1.mp4", "--jsonl", "o\udcff.jsonl", "--video", "12:30.mp4")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line["source"] for line in lines_of(own_desk / "o\udcff.jsonl", repo_root)} == {
        "bad\N{REPLACEMENT CHARACTER}:1.mp4"
    }
    assert frames_in(own_desk / "12:30.mp4") == FRAMES


def test_video_name_that_is_not_utf_8_is_refused(own_desk: Path) -> None:
    done = edge_run(own_desk, "clip.mp4", "--video", "o\udcff.mp4")
    assert done.returncode == 6
    assert "must have a name in UTF-8" in done.stderr


def test_source_is_not_overwritten_by_any_of_its_names(own_desk: Path) -> None:
    (own_desk / "hard.mp4").hardlink_to(own_desk / "clip.mp4")
    (own_desk / "soft.mp4").symlink_to("clip.mp4")
    before = (own_desk / "clip.mp4").read_bytes()
    for name in ("hard.mp4", "soft.mp4", "nothing/../clip.mp4"):
        done = edge_run(own_desk, "clip.mp4", "--video", name)
        assert (done.returncode, "SOURCE and --video are the same file" in done.stderr) == (2, True)
    done = edge_run(own_desk, "one.png", "--jsonl", "new.mp4", "--video", own_desk / "new.mp4")
    assert (done.returncode, "--jsonl and --video are the same file" in done.stderr) == (2, True)
    assert (own_desk / "clip.mp4").read_bytes() == before


def test_picture_of_the_folder_is_not_overwritten(own_desk: Path) -> None:
    (own_desk / "link.jsonl").hardlink_to(own_desk / "photos" / "a.jpg")
    before = (own_desk / "photos" / "a.jpg").read_bytes()
    for name in ("photos/a.jpg", "link.jsonl"):
        done = edge_run(own_desk, "photos", "--jsonl", name)
        assert (done.returncode, f"--jsonl {name} is a picture of SOURCE photos" in done.stderr) == (2, True)
    assert (own_desk / "photos" / "a.jpg").read_bytes() == before
    assert edge_run(own_desk, "photos", "--jsonl", "photos/out.jsonl").returncode == 0


@pytest.mark.parametrize(("words", "code"), [(("--video", "no/x.mp4"), 6), (("--show",), 7)])
def test_earlier_results_stay_when_another_output_cannot_be_opened(
    own_desk: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    (own_desk / "keep.jsonl").write_text("precious\n", encoding="utf-8")
    done = edge_run(own_desk, "clip.mp4", "--jsonl", "keep.jsonl", *words)
    assert done.returncode == code
    assert (own_desk / "keep.jsonl").read_text(encoding="utf-8") == "precious\n"


def test_damaged_frames_are_counted_in_the_summary(own_desk: Path) -> None:
    content = bytearray((own_desk / "clip.mp4").read_bytes())
    begin, end = len(content) * 4 // 10, len(content) * 5 // 10
    content[begin:end] = np.random.default_rng(1).integers(0, 255, end - begin, np.uint8).tobytes()
    (own_desk / "hurt.mp4").write_bytes(content)
    summary = json.loads(edge_run(own_desk, "hurt.mp4", "--json").stdout)
    lost = summary["dropped_by_cause"]["damaged"]
    assert lost == summary["dropped"]
    assert summary["frames"] == FRAMES - lost


def test_deleted_current_folder_is_no_internal_error(own_desk: Path) -> None:
    models = ["--models", str(own_desk / "detector")]
    gone = ["bash", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "bash", str(PROGRAM)]
    for words, code in (((own_desk / "clip.mp4", "--jsonl", "out.jsonl"), 6), (("clip.mp4", "--video", "o.mp4"), 3)):
        done = subprocess.run(
            [*gone, *map(str, words), *models], cwd=own_desk, capture_output=True, text=True, check=False
        )
        assert (done.returncode, "No such file" in done.stderr or "does not exist" in done.stderr) == (code, True)
