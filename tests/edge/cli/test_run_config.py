# SPDX-License-Identifier: Apache-2.0
"""`edge-run --config`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.edge.cli.program import PROGRAM, edge_run, lines_of

ENDLESS = "test:hands?width=160&height=120"


def write_config(file: Path, **values: object) -> None:
    text = yaml.safe_dump({"models": ["detector"], "threads": 1, **values})
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def lines_sink(path: Path) -> dict[str, str]:
    return {"type": "jsonl", "path": str(path)}


def test_options_replace_what_the_file_says(desk: Path, tmp_path: Path, repo_root: Path) -> None:
    file = tmp_path / "edge.yaml"
    sources = [{"uri": "clip.mp4", "name": "clip"}]
    write_config(file, sources=sources, max_frames=5, summary="json", sinks=[lines_sink(tmp_path / "a.jsonl")])
    words = ("--config", file, "--max-frames", 3, "--jsonl", tmp_path / "b.jsonl")
    done = edge_run(desk, *words, models=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"frames": 3' in done.stdout
    assert [line["source"] for line in lines_of(tmp_path / "b.jsonl", repo_root)] == ["clip"] * 3
    assert not (tmp_path / "a.jsonl").exists()


def test_printed_configuration_runs_the_same(desk: Path, tmp_path: Path) -> None:
    words = ("clip.mp4", "--jsonl", "-", "--max-frames", 2, "--min-score", 0.25, "--threads", 1, "--device", "cpu")
    printed = edge_run(desk, *words, "--print-config")
    assert (printed.returncode, printed.stderr) == (0, "")
    file = tmp_path / "edge.yaml"
    file.write_text(printed.stdout, encoding="utf-8")
    assert edge_run(desk, "--config", file, "--print-config", models=False).stdout == printed.stdout
    assert edge_run(desk, "--config", file, models=False).stdout.count("\n") == 2


def test_wrong_configuration_is_one_sentence(desk: Path, tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text("sources:\n- {uri: clip.mp4, nam: x}\n", encoding="utf-8")
    done = edge_run(desk, "--config", file, models=False)
    assert done.returncode == 2
    told = f"edge-run: configuration {file}, line 2: unknown key sources[0].nam; did you mean name?\n"
    assert done.stderr == told


def test_all_sources_of_a_configuration_are_looked_at(desk: Path, tmp_path: Path) -> None:
    file, lines = tmp_path / "edge.yaml", tmp_path / "hands.jsonl"
    sources = [{"uri": "clip.mp4", "name": "a"}, {"uri": "clip.mkv", "name": "b"}]
    write_config(file, sources=sources, max_frames=2, sinks=[{"type": "jsonl", "path": str(lines)}])
    done = edge_run(desk, "--config", file, models=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = sorted((line["source"], line["frame"]) for line in map(json.loads, lines.read_text("utf-8").splitlines()))
    assert told == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_hang_up_reads_the_configuration_again(desk: Path, tmp_path: Path, repo_root: Path) -> None:
    file, errors = tmp_path / "edge.yaml", tmp_path / "errors"
    stays, leaves, comes = (tmp_path / f"{name}.jsonl" for name in ("stays", "leaves", "comes"))

    def count(lines: Path) -> int:
        return lines.read_bytes().count(b"\n") if lines.exists() else 0

    def write(*sinks: Path, **more: object) -> None:
        write_config(file, sources=[{"uri": ENDLESS}], sinks=[lines_sink(sink) for sink in sinks], **more)

    write(stays, leaves)
    command: list[str | Path] = ["env", "--default-signal=HUP", PROGRAM, "--config", file]
    with errors.open("w") as told, subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=told) as process:
        until(lambda: min(count(stays), count(leaves)) > 2, process)
        write(stays, comes, min_score=0.5)
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: count(comes) > 2, process)
        left = count(leaves)
        file.write_text("sinks: 3\n", encoding="utf-8")
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: "kept" in errors.read_text(encoding="utf-8"), process)
        write(stays, tmp_path / "no" / "folder")
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: errors.read_text(encoding="utf-8").count("kept") == 2, process)
        before = count(comes)
        until(lambda: count(comes) > before + 2, process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143
    first, second, third = errors.read_text(encoding="utf-8").splitlines()
    assert first == "edge-run: configuration read again: sinks applied; min_score after a restart"
    assert second.startswith(f"edge-run: configuration kept as it was: configuration {file}, line 1: sinks: ")
    assert third.startswith("edge-run: configuration kept as it was: JSON lines file ")
    assert count(leaves) == left
    frames = [line["frame"] for line in lines_of(stays, repo_root)]
    assert frames == list(range(len(frames)))
    later = [line["frame"] for line in lines_of(comes, repo_root)]
    assert later == sorted(set(later))


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes], limit_s: float = 60) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert process.poll() is None
        if time.monotonic() > deadline_s:
            process.kill()
            pytest.fail("it did not happen in time")
        time.sleep(0.01)
