# SPDX-License-Identifier: Apache-2.0
"""`edge-run` on streams of a server that misbehaves."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.soak.h264 import Clip
from benchmarks.soak.rtsp_server import Misbehaviour, RtspServer
from tests.edge.bundles import noisy_picture
from tests.edge.cli.program import FRAMES, PROGRAM, edge_run, lines_of

PASSWORD = "p@ss:w/rd%#"  # noqa: S105 - a test's own


@pytest.fixture(scope="module")
def server() -> Iterator[RtspServer]:
    pictures = [noisy_picture(160, 120, seed=number) // np.uint8(2) for number in range(25)]
    with RtspServer(Clip.from_pictures(pictures, fps=25, key_every=12), user="me", password=PASSWORD) as made:
        yield made


@pytest.fixture(autouse=True)
def password(server: RtspServer, monkeypatch: pytest.MonkeyPatch) -> str:
    server.misbehaviour = Misbehaviour.none
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    return PASSWORD


def address_of(server: RtspServer) -> str:
    return server.address.replace("//", "//me@") + "?password_env=CAMERA_PASSWORD"


def started(desk: Path, *words: object) -> subprocess.Popen[str]:
    command = [str(word) for word in (PROGRAM, *words, "--models", "detector")]
    return subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_lines(file: Path, count: int) -> None:
    deadline_s = time.monotonic() + 30
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_several_sources_are_told_apart(desk: Path, tmp_path: Path, repo_root: Path, server: RtspServer) -> None:
    lines, address = tmp_path / "out.jsonl", address_of(server)
    done = edge_run(desk, address, "clip.mp4", "--max-frames", FRAMES, "--jsonl", lines, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    results = lines_of(lines, repo_root)
    assert Counter(result["source"] for result in results) == {address: FRAMES, "clip.mp4": FRAMES}
    for source in (address, "clip.mp4"):
        own = [result for result in results if result["source"] == source]
        assert [result["frame"] for result in own] == sorted({result["frame"] for result in own})
        assert own[0]["time_s"] == 0
    (status,) = json.loads(done.stdout)["sources"]
    assert (status["source"], status["state"], status["reconnects"]) == (address, "ended", {})
    assert PASSWORD not in done.stdout + lines.read_text(encoding="utf-8")


def test_cut_stream_is_told_and_found_again(desk: Path, tmp_path: Path, server: RtspServer) -> None:
    lines = tmp_path / "out.jsonl"
    with started(desk, "--camera", address_of(server), "--jsonl", lines, "--json") as process:
        wait_for_lines(lines, 5)
        server.misbehaviour = Misbehaviour.rst
        time.sleep(0.3)
        server.misbehaviour = Misbehaviour.none
        before = lines.read_bytes().count(b"\n")
        wait_for_lines(lines, before + 10)
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    told = errors.splitlines()
    assert "it is tried again until it works" in told[0]
    assert "is live again, " in told[-1]
    assert sum(json.loads(out)["sources"][0]["reconnects"].values()) == 1
    assert PASSWORD not in out + errors


def test_fail_fast_ends_at_the_first_fault(desk: Path, tmp_path: Path, server: RtspServer) -> None:
    lines = tmp_path / "out.jsonl"
    with started(desk, address_of(server), "--jsonl", lines, "--fail-fast") as process:
        wait_for_lines(lines, 5)
        server.misbehaviour = Misbehaviour.fin
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "ended the stream" in errors


def test_signal_ends_a_run_whose_stream_stalls(desk: Path, tmp_path: Path, server: RtspServer) -> None:
    lines = tmp_path / "out.jsonl"
    with started(desk, address_of(server), "--jsonl", lines) as process:
        wait_for_lines(lines, 5)
        server.misbehaviour = Misbehaviour.stall
        time.sleep(0.5)
        begin_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert time.monotonic() - begin_s < 5
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("misbehaviour", "told"),
    [(Misbehaviour.unauthorized, "refuses this user or password"), (Misbehaviour.missing, "no stream of that name")],
)
def test_stream_that_never_was_is_one_clear_error(
    desk: Path, server: RtspServer, misbehaviour: Misbehaviour, told: str
) -> None:
    server.misbehaviour = misbehaviour
    done = edge_run(desk, address_of(server))
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert told in line


def test_password_on_the_command_line_is_refused_and_not_repeated(desk: Path) -> None:
    done = edge_run(desk, f"rtsp://me:{PASSWORD}@127.0.0.1/live")
    assert done.returncode == 2
    assert "carries a password" in done.stderr
    assert "w/rd" not in done.stderr
