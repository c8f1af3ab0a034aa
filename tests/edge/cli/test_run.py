# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli.run import main
from tests.edge.cli.program import FPS, FRAMES, PROGRAM, WH, edge_run, frames_in, lines_of

SUMMARY_KEYS = {
    "fps",
    "frames",
    "latency_ms",
    "dropped",
    "dropped_by_cause",
    "device",
    "models",
    "skipped",
    "sources",
    "error",
}


def test_video_gives_lines_a_video_and_a_summary(desk: Path, tmp_path: Path, repo_root: Path) -> None:
    lines, video = tmp_path / "out.jsonl", tmp_path / "out.mp4"
    done = edge_run(desk, "clip.mp4", "--jsonl", lines, "--video", video, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert set(summary) == SUMMARY_KEYS
    assert (summary["frames"], summary["dropped"], summary["device"], summary["error"]) == (FRAMES, 0, "cpu", None)
    assert list(summary["latency_ms"]) == ["p50", "p95", "p99"]
    assert list(summary["models"]) == ["small-detector", "small-classifier"]
    results = lines_of(lines, repo_root)
    assert [result["frame"] for result in results] == list(range(FRAMES))
    assert [result["time_s"] for result in results] == pytest.approx([number / FPS for number in range(FRAMES)])
    assert {(result["source"], result["width"], result["height"]) for result in results} == {("clip.mp4", *WH)}
    assert any(result["hands"] for result in results)
    assert frames_in(video) == FRAMES


def test_summary_for_people_names_what_matters(desk: Path) -> None:
    done = edge_run(desk, "clip.mp4", "--max-frames", 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "frames",
        "latency",
        "dropped",
        "device",
        "models",
    ]
    assert done.stdout.startswith("frames   3 in ")


def test_folder_skips_counts_and_names_what_it_cannot_read(desk: Path, tmp_path: Path, repo_root: Path) -> None:
    lines = tmp_path / "out.jsonl"
    done = edge_run(desk, "photos", "--jsonl", lines, "--json")
    assert done.returncode == 0
    assert done.stderr.startswith("skipped broken.jpg: ")
    assert [file["path"] for file in json.loads(done.stdout)["skipped"]] == ["broken.jpg"]
    assert [result["path"] for result in lines_of(lines, repo_root)] == ["a.jpg", "more/b.png"]


def test_lines_on_standard_output_are_lines_alone(desk: Path) -> None:
    done = edge_run(desk, "one.png", "--jsonl", "-")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["path"] == "one.png"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "nothing to run on; give a SOURCE"),
        (("clip.mp4", "one.png", "--show"), 2, "--show takes one SOURCE, got 2; run edge-run once for each"),
        (("clip.mp4", "clip.mp4"), 2, "two sources are called 'clip.mp4'"),
        (("clip.mp4", "--camera", "/dev/video0"), 2, "exclude each other"),
        (("clip.mp4", "--max-frames", "0"), 2, "--max-frames must be a whole number from 1 to 1000000000, got '0'"),
        (("clip.mp4", "--max-frames", "1.5"), 2, "--max-frames must be a whole number from 1 to 1000000000, got '1.5'"),
        (("clip.mp4", "--threads", "-3"), 2, "--threads must be a whole number from 1 to 64, got '-3'"),
        (("clip.mp4", "--threads", "100000"), 2, "--threads must be a whole number from 1 to 64, got '100000'"),
        (("clip.mp4", "--min-score", "1.5"), 2, "--min-score must be a number from 0 to 1, got '1.5'"),
        (("clip.mp4", "--device", "GPU"), 2, "--device must be one of auto, cpu, gpu, got 'GPU'"),
        (("clip.mp4", "--jsonl", ""), 2, "--jsonl must be followed by a name"),
        (("clip.mp4", "--models", ""), 2, "--models must be followed by a name"),
        (("clip.mp4", "--no-such-option"), 2, "No such option: --no-such-option; see edge-run --help"),
        (("clip.mp4", "--video", "clip.mp4"), 2, "SOURCE and --video are the same file"),
        (("clip.mp4", "--json", "--jsonl", "-"), 2, "both write to standard output"),
        (("ftp://host/stream",), 2, "unknown scheme 'ftp:'"),
        (("test:hands?widht=640",), 2, "did you mean 'width'"),
        (("test:hands?width=0",), 2, "must be"),
        (("test:cats",), 2, "hands"),
        (("missing.mp4",), 3, "missing.mp4 does not exist"),
        (("empty.mp4",), 3, "empty.mp4 is empty"),
        (("notes.mp4",), 3, "neither a video"),
        (("cut.mp4",), 3, "truncated, missing its index"),
        (("nothing",), 3, "holds no picture"),
        (("photos/broken.jpg",), 3, "broken.jpg"),
        (("--camera", "/dev/video987"), 3, "camera /dev/video987 is absent"),
        (("/dev/zero",), 3, "is not a camera"),
        (("clip.mp4", "--models", "nothing"), 4, "bundle.json"),
        (("clip.mp4", "--jsonl", "/dev/full"), 6, "No space left on device"),
        (("clip.mp4", "--jsonl", "no/such/folder"), 6, "No such file or directory"),
        (("clip.mp4", "--video", "no/such/out.mp4"), 6, "No such file or directory"),
        (("clip.mp4", "--video", "out.gif"), 2, "must end in one of .mp4"),
        (("clip.mp4", "--device", "gpu"), 7, "use --device cpu"),
    ],
)
def test_bad_input_is_one_sentence_and_a_documented_code(
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    monkeypatch.chdir(desk)
    monkeypatch.setattr(sys, "argv", ["edge-run", *words, "--models", "detector", "classifier"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("edge-run: ")
    assert told in line


def test_every_output_that_fails_is_told(desk: Path, tmp_path: Path) -> None:
    words = ["clip.mp4", "--jsonl", "/dev/full", "--video", str(tmp_path / "out.mp4"), "--models", "detector"]
    command = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", str(PROGRAM), *words]
    done = subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 6
    first, second = done.stderr.splitlines()
    assert first.startswith(f"edge-run: video file {tmp_path / 'out.mp4'} cannot be written: File too large; of ")
    assert second.startswith("edge-run: JSON lines file /dev/full cannot be written: No space left on device")


def test_window_without_a_display_is_told(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = edge_run(desk, "clip.mp4", "--show")
    assert done.returncode == 7
    assert "a window needs a display" in done.stderr


def test_truncated_recording_keeps_its_results(desk: Path, tmp_path: Path, repo_root: Path) -> None:
    lines, video = tmp_path / "out.jsonl", tmp_path / "out.mp4"
    done = edge_run(desk, "cut.mkv", "--jsonl", lines, "--video", video, "--json")
    assert done.returncode == 3
    assert "cut.mkv is truncated or damaged" in done.stderr
    summary = json.loads(done.stdout)
    assert 0 < summary["frames"] < FRAMES
    assert "truncated" in summary["error"]
    assert len(lines_of(lines, repo_root)) == summary["frames"] == frames_in(video)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_ends_a_run_with_everything_written(
    desk: Path, tmp_path: Path, repo_root: Path, number: signal.Signals, code: int
) -> None:
    lines, video = tmp_path / "out.jsonl", tmp_path / "out.mp4"
    # Under nohup, as tests may run, SIGHUP is ignored, and would stay so.
    command: list[str | Path] = ["env", "--default-signal=HUP", PROGRAM, "test:hands?width=160&height=120"]
    command += ["--jsonl", lines, "--video", video, "--json", "--models", "detector"]
    with subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline_s = time.monotonic() + 60
        while not lines.exists() or lines.read_bytes().count(b"\n") < 5:
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (code, b"")
    summary = json.loads(out)
    assert summary["frames"] >= 5
    assert len(lines_of(lines, repo_root)) == summary["frames"] == frames_in(video)


def test_progress_is_for_a_terminal(desk: Path) -> None:
    controller, terminal = pty.openpty()
    command = [str(PROGRAM), "clip.mp4", "--models", "detector", "--json"]
    with subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(controller, 4096)
            except OSError:  # the other end is closed
                break
            shown += part
        assert process.stdout is not None
        assert json.loads(process.stdout.read())["frames"] == FRAMES
    os.close(controller)
    assert b"FPS" in shown
    assert f"{FRAMES}/{FRAMES}".encode() in shown.replace(b" ", b"")


def test_help_documents_options_and_exit_codes(desk: Path) -> None:
    done = edge_run(desk, "--help", models=False)
    assert done.returncode == 0
    for option in ("--models", "--jsonl", "--video", "--show", "--max-frames", "--device", "--threads", "--min-score"):
        assert option in done.stdout
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 129, 130, 143):
        assert f"\n  {code:>5}  " in done.stdout


def test_real_video_runs(desk: Path, data_dir: Path, tmp_path: Path, repo_root: Path) -> None:
    done = edge_run(desk, data_dir / "videos" / "aditya_demo.mp4", "--jsonl", tmp_path / "o.jsonl", "--max-frames", 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert [result["frame"] for result in lines_of(tmp_path / "o.jsonl", repo_root)] == [0, 1, 2]


def test_odd_pictures_run(desk: Path, tmp_path: Path, repo_root: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    noise = np.random.default_rng(0)
    shapes = {"a_dot.png": (1, 1), "b_grey.png": (50, 60), "c_alpha.png": (50, 60, 4), "d_wide.png": (20, 12_000, 3)}
    for name, shape in shapes.items():
        assert cv2.imwrite(str(folder / name), noise.integers(0, 255, shape, np.uint8))
    assert cv2.imwrite(str(folder / "e_deep.png"), noise.integers(0, 65535, (50, 60, 3), np.uint16))
    done = edge_run(desk, folder, "--jsonl", tmp_path / "o.jsonl", "--video", tmp_path / "o.mp4")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(result["width"], result["height"]) for result in lines_of(tmp_path / "o.jsonl", repo_root)] == [
        (1, 1),
        (60, 50),
        (60, 50),
        (12_000, 20),
        (60, 50),
    ]
    assert frames_in(tmp_path / "o.mp4") == 5
