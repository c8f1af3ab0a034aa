# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.sinks.rotating_lines import RotatingLinesSink
from tests.edge.sinks.results import FRAME, result, source

KILLS = 200


def numbers_in(folder: Path) -> list[int]:
    """Return the frames of all lines, oldest first; a line that is not whole fails."""
    files = [*sorted(folder.glob("o.jsonl.*")), folder / "o.jsonl"]
    return [json.loads(line)["frame"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def write(sink: RotatingLinesSink, *numbers: int) -> None:
    for number in numbers:
        sink.write(FRAME, result(number, "fist"))


def test_files_are_closed_at_their_size_and_the_newest_stay(tmp_path: Path) -> None:
    sink = RotatingLinesSink(tmp_path / "o.jsonl", max_bytes=1000, keep=3)
    for start in (0, 50):
        sink.open(source())
        write(sink, *range(start, start + 50))
        sink.close()
    closed = sorted(tmp_path.glob("o.jsonl.*"))
    assert len(closed) == 3
    assert all(1000 <= file.stat().st_size < 2000 for file in closed)
    numbers = numbers_in(tmp_path)
    assert numbers == list(range(numbers[0], 100))
    assert int(closed[-1].suffix[1:]) > 10


def test_files_are_closed_at_their_age(tmp_path: Path) -> None:
    sink = RotatingLinesSink(tmp_path / "o.jsonl", max_age_s=0.05)
    sink.open(source())
    write(sink, 0, 1)
    time.sleep(0.06)
    write(sink, 2)
    sink.close()
    assert [len(file.read_text().splitlines()) for file in sorted(tmp_path.iterdir())] == [1, 2]
    assert numbers_in(tmp_path) == [0, 1, 2]


def test_torn_line_of_a_killed_program_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "o.jsonl"
    whole = result(0, "fist").to_json() + "\n"
    file.write_text(whole + whole[:30], encoding="utf-8")
    sink = RotatingLinesSink(file)
    sink.open(source())
    write(sink, 1)
    sink.close()
    assert numbers_in(tmp_path) == [0, 1]


def test_lines_go_on_in_a_new_file_when_theirs_was_deleted(tmp_path: Path) -> None:
    sink = RotatingLinesSink(tmp_path / "o.jsonl", max_bytes=1000)
    sink.open(source())
    write(sink, 0)
    (tmp_path / "o.jsonl").unlink()
    write(sink, *range(1, 50))
    sink.close()
    numbers = numbers_in(tmp_path)
    assert numbers == list(range(numbers[0], 50))
    assert numbers[0] < 10


def test_full_disk_is_counted_told_and_recovered_from(tmp_path: Path) -> None:
    told: list[str] = []
    sink = RotatingLinesSink(tmp_path / "o.jsonl", max_bytes=5000, keep=5, tell=told.append)
    sink.open(source())
    write(sink, *range(5))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (sink._whole_bytes + 50, before[1]))
    try:
        write(sink, *range(5, 15))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert dict(sink.lost) == {"disk full": 10}
    write(sink, 15, 16)
    sink.close()
    assert numbers_in(tmp_path) == [0, 1, 2, 3, 4, 15, 16]
    name = f"JSON lines file {tmp_path / 'o.jsonl'}"
    assert told == [
        f"{name}: the disk is full; lines are left out until there is room",
        f"{name}: works again, 10 lost meanwhile",
    ]


def run_in_mount(options: str, code: str, folder: Path, repo_root: Path) -> None:
    """Run Python beside a file system of its own, `small`."""
    words = f"mkdir small && mount -t tmpfs -o {options} none small && {sys.executable} -c '{code}'"
    environment = {**os.environ, "PYTHONPATH": str(repo_root)}
    command = ["unshare", "-Urm", "sh", "-c", words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


needs_mounts = pytest.mark.skipif(
    subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode != 0,
    reason="this machine allows no mounts of one's own (unshare -Urm)",
)


@needs_mounts
def test_full_disk_costs_the_oldest_closed_file(tmp_path: Path, repo_root: Path) -> None:
    code = """
from tests.edge.sinks.test_rotating_lines import *
sink = RotatingLinesSink("small/o.jsonl", max_bytes=100_000, keep=100, tell=lambda line: None)
sink.open(source())
write(sink, *range(6000))
sink.close()
numbers = numbers_in(Path("small"))
assert numbers[-1] == 5999 and numbers[0] > 1000, numbers[:3]
assert 0 < sum(sink.lost.values()) < 40, sink.lost
"""
    run_in_mount("size=1m", code, tmp_path, repo_root)


@needs_mounts
def test_next_file_that_has_no_room_costs_the_oldest_closed_file(tmp_path: Path, repo_root: Path) -> None:
    code = """
from tests.edge.sinks.test_rotating_lines import *
sink = RotatingLinesSink("small/o.jsonl", max_bytes=1000, keep=100, tell=lambda line: None)
sink.open(source())
write(sink, *range(100))
sink.close()
numbers = numbers_in(Path("small"))
assert numbers[-1] >= 98 and numbers[0] > 50, numbers
assert 0 < sum(sink.lost.values()) < 50, sink.lost
"""
    run_in_mount("nr_inodes=3", code, tmp_path, repo_root)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_two_hundred_kills_leave_no_torn_line(tmp_path: Path) -> None:
    """Each process goes on where the one before was killed; what it finds there is whole after it has opened it."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for kill in range(KILLS):
        if (child := os.fork()) == 0:
            try:
                sink = RotatingLinesSink(tmp_path / "o.jsonl", max_bytes=20_000, keep=2)
                sink.open(source())
                for number in range(10**6):
                    write(sink, kill * 10**6 + number)
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0, 0.015))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, f"seed {seed}"
    sink = RotatingLinesSink(tmp_path / "o.jsonl")
    sink.open(source())
    sink.close()
    numbers = numbers_in(tmp_path)
    assert len(numbers) > 20, f"seed {seed}"
    assert numbers == sorted(set(numbers)), f"seed {seed}"
    assert len(list(tmp_path.iterdir())) <= 3 + 1
