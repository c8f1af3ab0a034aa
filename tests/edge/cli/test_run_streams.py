# SPDX-License-Identifier: Apache-2.0
"""`edge-run` where its standard streams are full, closed or slowly read, and where a signal comes early."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from tests.edge.cli.program import FRAMES, PROGRAM

SLOWER_THAN_A_DISK_S = 11
LEAST_WAITING_BYTES = 16_384


def in_shell(desk: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash on the desk; `$RUN` is the program and `$WITH` names its models."""
    names = {"RUN": str(PROGRAM), "WITH": "--models detector"}
    return subprocess.run(
        ["bash", "-c", line], cwd=desk, env={**os.environ, **names}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["clip.mp4 $WITH", "--help"])
def test_full_standard_output_is_told_in_one_line(
    desk: Path, monkeypatch: pytest.MonkeyPatch, words: str, unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = in_shell(desk, f"$RUN {words} > /dev/full")
    assert done.returncode == 6
    (line,) = done.stderr.splitlines()
    assert line.startswith("edge-run: an output cannot be written: No space left on device")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_reader_that_left_is_no_news(desk: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = in_shell(desk, "$RUN clip.mp4 $WITH | true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (6, "")


def test_closed_streams_are_no_internal_error(desk: Path, tmp_path: Path) -> None:
    lines = tmp_path / "out.jsonl"
    assert in_shell(desk, f"$RUN clip.mp4 --jsonl {lines} $WITH 2>&-").returncode == 0
    assert lines.read_text(encoding="utf-8").count("\n") == FRAMES
    missing = in_shell(desk, "$RUN missing.mp4 2>&-")
    assert (missing.returncode, missing.stdout) == (3, "")
    closed = in_shell(desk, "$RUN clip.mp4 --jsonl - $WITH >&-")
    assert closed.returncode == 6
    assert "needs standard output, which is closed" in closed.stderr


def test_standard_output_by_another_name_is_appended_to(desk: Path, tmp_path: Path) -> None:
    done = in_shell(desk, f"(echo first; $RUN clip.mp4 --jsonl /dev/stdout $WITH) > {tmp_path}/out")
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert (first, len(lines)) == ("first", FRAMES)


def test_reader_may_pause_for_longer_than_a_disk_may(desk: Path) -> None:
    frames = 300
    done = in_shell(
        desk,
        f"$RUN 'test:hands?width=160&height=120' --max-frames {frames} --jsonl - $WITH"
        f" | (sleep {SLOWER_THAN_A_DISK_S}; wc -l); exit ${{PIPESTATUS[0]}}",
    )
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", str(frames))


def started(desk: Path, *words: str | Path) -> subprocess.Popen[bytes]:
    command = [str(PROGRAM), *map(str, words), "--models", "detector"]
    return subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_full_pipe(descriptor: int) -> None:
    """Wait until whoever writes to a pipe has been waiting for a second."""
    waiting, latest, deadline_s = b"", b"-", time.monotonic() + 60
    while waiting != latest or int.from_bytes(latest, sys.byteorder) < LEAST_WAITING_BYTES:
        assert time.monotonic() < deadline_s
        waiting = latest
        time.sleep(1)
        latest = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4)


def test_signal_ends_a_run_that_nobody_reads(desk: Path) -> None:
    with started(desk, "test:hands?width=160&height=120", "--jsonl", "-") as process:
        assert process.stdout is not None
        wait_for_full_pipe(process.stdout.fileno())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert b"was not read to its end when the run was stopped" in process.stderr.read()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_a_run_whose_pipe_has_no_reader(
    desk: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with started(desk, "clip.mp4", "--jsonl", tmp_path / "pipe") as process:
        threading.Timer(3, process.send_signal, [number]).start()
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (code, b"", b"")


@pytest.mark.parametrize("module", ["typer", "edge.cli.outcome", "edge.pipeline"])
def test_interrupted_import_is_an_interruption(desk: Path, module: str) -> None:
    code = f"""
import builtins, signal, sys
real = builtins.__import__
def interrupted(name, *others, **more):
    if name == {module!r}:
        builtins.__import__ = real
        signal.raise_signal(signal.SIGINT)
    return real(name, *others, **more)
builtins.__import__ = interrupted
sys.argv = ["edge-run", "clip.mp4", "--models", "detector"]
from edge.cli.run import main
main()
"""
    # In the background of a script, as tests may run, SIGINT is ignored.
    command: list[str | Path] = ["env", "--default-signal=INT", PROGRAM.parent / "python", "-c", code]
    done = subprocess.run(command, cwd=desk, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


def test_hang_up_that_is_ignored_stays_so(desk: Path) -> None:
    done = in_shell(desk, "trap '' HUP; $RUN test:hands --max-frames 20 $WITH & sleep 1; kill -HUP $!; wait $!")
    assert done.returncode == 0
