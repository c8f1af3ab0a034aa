# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sysconfig
import threading
import time
from pathlib import Path

import pytest

from edge.cli.service_logs import sentence_from_entry
from edge.errors import DependencyError, OutputError, SourceError
from edge.service.status import boot_id, read_status, status_path, write_status

PROGRAM = Path(sysconfig.get_path("scripts")) / "edge-service"


def edge_service(runtime: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program where a service has its runtime folder."""
    environment = {"RUNTIME_DIRECTORY": str(runtime), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [str(PROGRAM), *words], capture_output=True, text=True, check=False, timeout=60, env=environment
    )


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, done = tmp_path / "status.json", threading.Event()
    write_status(path, {"doing": "", "padding": ""})

    def write() -> None:
        for number in range(300):
            write_status(path, {"doing": str(number), "padding": "x" * (number * 50)})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set() or not reads:
        assert read_status(path) is not None
        reads += 1
    writer.join()
    assert [file.name for file in tmp_path.iterdir()] == ["status.json"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write the status file .*: No such file or directory"):
        write_status(tmp_path / "none" / "status.json", {})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "other/1"}', b"\xff", b"[" * 100_000])
def test_what_is_no_status_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="restart the service"):
        read_status(path)


def test_the_file_lies_where_systemd_says() -> None:
    assert status_path({"RUNTIME_DIRECTORY": "/run/edge-hands:/run/other"}) == Path("/run/edge-hands/status.json")
    assert status_path({}) is None


def test_the_status_of_a_service_that_is_not_installed_says_how_to_install_it(tmp_path: Path) -> None:
    done = edge_service(tmp_path, "status")
    assert done.returncode == DependencyError.exit_code
    assert "none; it writes one while it runs" in done.stdout


def test_the_status_is_told_with_its_age(tmp_path: Path) -> None:
    source = {"name": "camera", "state": "waiting", "frames": 7, "last_frame_age_s": 3.5}
    sink = {"name": "JSON lines", "written": 7, "dropped": 1, "errors": 2, "last_error": "no room"}
    told = {
        "doing": "ready on cpu",
        "boot_id": boot_id(),
        "monotonic_s": time.monotonic() - 2,
        "sources": [source],
        "sinks": [sink],
        "device": {"name": "cpu", "reason": "asked for"},
        "models": {"hand-detector": "1.0.0"},
        "cooling": {"temperature_c": 91.2, "step": 1, "reason": "91 degrees Celsius"},
    }
    write_status(tmp_path / "status.json", told)
    lines = edge_service(tmp_path, "status").stdout
    for sentence in (
        "source   camera: waiting, 7 frames, last frame 3.5 s before",
        "sink     JSON lines: 7 written, 1 dropped, 2 errors, the last: no room",
        "heat     91 degrees Celsius, slowed down: 91 degrees Celsius",
    ):
        assert sentence in lines
    document = json.loads(edge_service(tmp_path, "status", "--json").stdout)
    assert document["schema"] == "edge.service-status/1"
    assert document["status"] == {"schema": "edge.service/1", **told}
    assert 2 <= document["age_s"] < 60


def test_a_status_of_an_earlier_boot_is_known_as_such(tmp_path: Path) -> None:
    write_status(tmp_path / "status.json", {"doing": "ready", "boot_id": "another", "monotonic_s": 1.0})
    assert "ready (from before the last boot)" in edge_service(tmp_path, "status").stdout


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (json.dumps({"level": "error", "message": "no room"}), "error: no room"),
        (json.dumps({"level": "info", "message": "ready"}), "ready"),
        ("Started edge-hands.service.", "Started edge-hands.service."),
        ("[1]", "[1]"),
    ],
)
def test_an_entry_of_the_journal_becomes_a_sentence(message: str, told: str) -> None:
    entry = json.dumps({"__REALTIME_TIMESTAMP": "1790000000000000", "MESSAGE": message})
    assert sentence_from_entry(entry).split(" ", 2)[2] == told


def test_what_is_no_entry_stays_as_it_is() -> None:
    assert sentence_from_entry("-- No entries --\n") == "-- No entries --"
