# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import OutputError
from edge.frame import Frame, PixelFormat
from edge.results import FrameResult, Hands
from edge.sinks import JsonLinesSink
from edge.sources.arrays import ArraySource

SOURCE = ArraySource([])
FRAME = Frame(np.zeros((2, 2, 3), np.uint8), PixelFormat.BGR, time_ns=0, index=0, source="test")


def result(number: int) -> FrameResult:
    return FrameResult("é.mp4", None, number, number / 30, 2, 2, Hands.empty())


def write_many(sink: JsonLinesSink) -> None:
    for number in range(100):
        sink.write(FRAME, result(number))


def test_each_line_is_in_the_file_before_the_next_call(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    sink = JsonLinesSink(file)
    sink.open(SOURCE)
    for number in range(3):
        sink.write(FRAME, result(number))
        lines = file.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["frame"] for line in lines] == list(range(number + 1))
    sink.close()
    assert json.loads(lines[0])["source"] == "é.mp4"


def test_an_older_file_is_replaced_by_the_first_line_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("old\n" * 100, encoding="utf-8")
    sink = JsonLinesSink(file)
    sink.open(SOURCE)
    sink.close()
    assert file.read_text(encoding="utf-8") == "old\n" * 100
    for count in (3, 2):
        sink.open(SOURCE)
        for number in range(count):
            sink.write(FRAME, result(number))
        sink.close()
        lines = file.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["frame"] for line in lines] == list(range(count))


def test_file_that_was_deleted_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    sink = JsonLinesSink(file)
    sink.open(SOURCE)
    sink.write(FRAME, result(0))
    file.unlink()
    with pytest.raises(OutputError, match=r"out\.jsonl was deleted while it was written"):
        sink.close()


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_appended_to_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    code = f"""
from tests.edge.sinks.test_json_lines import FRAME, SOURCE, result
from edge.sinks import JsonLinesSink
print("before")
sink = JsonLinesSink({name!r})
sink.open(SOURCE)
sink.write(FRAME, result(0))
sink.close()
print("after")
"""
    root = Path(__file__).resolve().parents[3]
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        subprocess.run([sys.executable, "-c", code], cwd=root, stdout=out, check=True)
    first, line, last = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert (first, json.loads(line)["frame"], last) == ("before", 0, "after")


def test_closed_standard_output_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="needs standard output, which is closed; name a file instead"):
        JsonLinesSink("-").open(SOURCE)


def test_reader_of_a_pipe_may_take_its_time_and_a_disk_may_not(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert JsonLinesSink(tmp_path / "pipe").stall_timeout_s is None
    assert JsonLinesSink("-").stall_timeout_s is None
    assert JsonLinesSink(tmp_path / "out.jsonl").stall_timeout_s is not None


@pytest.mark.parametrize(
    ("name", "told"), [("no/such/folder.jsonl", "No such file or directory"), (".", "Is a directory")]
)
def test_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(OutputError, match=f"{name}.*{told}"):
        JsonLinesSink(tmp_path / name).open(SOURCE)


def test_full_device_is_told() -> None:
    sink = JsonLinesSink("/dev/full")
    sink.open(SOURCE)
    with pytest.raises(OutputError, match="/dev/full cannot be written: No space left on device"):
        sink.write(FRAME, result(0))
    sink.close()


def test_lines_stay_whole_when_the_disk_fills(tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sink = JsonLinesSink(file)
    sink.open(SOURCE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(OutputError, match=r"out\.jsonl cannot be written: File too large; the lines before"):
            write_many(sink)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
        sink.close()
    content = file.read_text(encoding="utf-8")
    assert content.endswith("\n")
    assert [json.loads(line)["frame"] for line in content.splitlines()] == list(range(content.count("\n")))
    assert 0 < len(content.encode()) <= 1000


def test_dash_is_standard_output_and_a_reader_that_leaves_is_told() -> None:
    code = """
import sys
from tests.edge.sinks.test_json_lines import FRAME, SOURCE, result
from edge.errors import OutputError
from edge.sinks import JsonLinesSink
sink = JsonLinesSink("-")
sink.open(SOURCE)
try:
    for number in range(100_000):
        sink.write(FRAME, result(number))
except OutputError as error:
    print(error, file=sys.stderr)
sink.close()
"""
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as reader:
        assert reader.stdout is not None
        assert reader.stderr is not None
        assert json.loads(reader.stdout.readline())["frame"] == 0
        reader.stdout.close()
        told = reader.stderr.read().decode()
    assert "was closed by its reader" in told
    assert "Traceback" not in told
