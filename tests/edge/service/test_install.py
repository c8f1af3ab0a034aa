# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from edge.cli.service_install import uninstall
from edge.config import read_config
from edge.errors import ConfigError, OutputError, SourceError, UsageError
from edge.service.configuration import DEFAULT_CONFIGURATION, job_from_file
from edge.service.installation import Installation
from edge.service.place import require_reachable
from edge.service.settings import ServiceSettings
from edge.service.steps import Command, WriteFile
from tests.conftest import CI
from tests.edge.service.machines import machine_tree

PROGRAM = Path(sysconfig.get_path("scripts")) / "edge-service"
UNIT = "etc/systemd/system/edge-hands.service"
CONFIGURATION = "etc/edge-hands/config.yaml"
OTHER = "sources:\n  - uri: test:hands\nservice:\n  watchdog_s: 20\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return machine_tree(tmp_path, "orin")


def edge_service(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the installed program."""
    command = [str(word) for word in (PROGRAM, *words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def files_of(root: Path) -> dict[str, bytes]:
    """Return the files of a tree that are not device nodes."""
    paths = (path for path in root.rglob("*") if path.is_file() and not path.is_relative_to(root / "dev"))
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


@pytest.fixture
def needs_systemctl() -> None:
    if shutil.which("systemctl") is None:
        reason = "no systemctl here; install the package systemd"
        pytest.fail(reason) if CI else pytest.skip(reason)


@pytest.mark.usefixtures("needs_systemctl")
def test_an_installation_is_whole_said_and_removed_again(tree: Path) -> None:
    before = files_of(tree)
    done = edge_service("install", "--root", tree)
    assert done.returncode == 0, done.stderr
    installed = files_of(tree)
    assert set(installed) - set(before) == {UNIT, f"{UNIT}.d/10-devices.conf", CONFIGURATION}
    assert (tree / "etc/systemd/system/multi-user.target.wants/edge-hands.service").is_symlink()
    assert read_config(tree / CONFIGURATION).sources[0].uri == "v4l2:/dev/video0"
    assert f"{tree / UNIT}" in done.stdout
    assert (tree / UNIT).stat().st_mode & 0o777 == 0o644
    again = edge_service("install", "--root", tree)
    assert (again.returncode, files_of(tree)) == (0, installed)
    assert "is there and is replaced" in again.stderr
    gone = edge_service("uninstall", "--root", tree)
    assert gone.returncode == 0, gone.stderr
    assert set(files_of(tree)) == {*before, CONFIGURATION}
    assert edge_service("uninstall", "--root", tree).returncode == SourceError.exit_code
    assert edge_service("uninstall", "--root", tree, "--purge").returncode == 0
    assert files_of(tree) == before


def test_a_dry_run_says_everything_and_changes_nothing(tree: Path) -> None:
    before = files_of(tree)
    done = edge_service("install", "--root", tree, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert files_of(tree) == before
    for told in (f"write {tree / UNIT}", "    Type=notify", "    DeviceAllow=/dev/nvmap rw", "    sources:", "enable"):
        assert told in done.stdout


def test_a_dry_run_of_this_machine_names_the_commands() -> None:
    steps = Installation().install_steps(PROGRAM, configuration=None, default="", settings=ServiceSettings())
    commands = [step.words for step in steps if isinstance(step, Command)]
    assert commands[-3:] == [
        ("systemctl", "daemon-reload"),
        ("systemctl", "enable", "edge-hands.service"),
        ("systemctl", "restart", "edge-hands.service"),
    ]
    (unit,) = [step.text for step in steps if isinstance(step, WriteFile) and step.path.name == "edge-hands.service"]
    assert f"ExecStart={PROGRAM} run --config /etc/edge-hands/config.yaml" in unit.splitlines()


@pytest.mark.usefixtures("needs_systemctl")
def test_a_new_configuration_takes_the_place_of_the_old_one_which_is_kept(tree: Path, tmp_path: Path) -> None:
    given = tmp_path / "mine.yaml"
    given.write_text(OTHER)
    assert edge_service("install", "--root", tree).returncode == 0
    assert edge_service("install", "--root", tree, "--config", given).returncode == 0
    assert (tree / CONFIGURATION).read_text() == OTHER
    assert (tree / f"{CONFIGURATION}.before").read_text() == DEFAULT_CONFIGURATION
    assert "WatchdogSec=20" in (tree / UNIT).read_text().splitlines()
    assert edge_service("install", "--root", tree).returncode == 0
    assert (tree / CONFIGURATION).read_text() == OTHER


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources: [{uri: test:hands}]\nsink: []\n", "sink"),
        ("sinks: []\n", "has no source"),
        ("sources: [{uri: test:hands}]\nsinks: [{type: window}]\n", "no screen"),
        ("sources: [{uri: test:hands}]\nservice: {writable: [data]}\n", "absolute"),
        ("sources: [{uri: test:hands}]\nservice: {memory_high_mb: 4000}\n", "memory_high_mb"),
    ],
)
def test_a_wrong_configuration_is_not_installed(tree: Path, tmp_path: Path, text: str, told: str) -> None:
    given, before = tmp_path / "wrong.yaml", files_of(tree)
    given.write_text(text)
    done = edge_service("install", "--root", tree, "--config", given)
    assert done.returncode == ConfigError.exit_code
    assert told in done.stderr
    assert str(given) in done.stderr
    assert done.stderr.count("\n") == 1
    given.unlink()
    assert files_of(tree) == before


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_unit_of_somebody_else_stays(tree: Path, command: str) -> None:
    path = tree / UNIT
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/bin/true\n")
    done = edge_service(command, "--root", tree)
    assert done.returncode == OutputError.exit_code
    assert "was not written by edge-service" in done.stderr
    assert path.read_text() == "[Service]\nExecStart=/bin/true\n"


@pytest.mark.parametrize("user", ["root", "no such", "nobody-here"])
def test_a_user_that_cannot_be_is_refused(tree: Path, user: str) -> None:
    with pytest.raises(UsageError):
        Installation(user, tree).install_steps(PROGRAM, configuration=None, default="", settings=ServiceSettings())


def test_a_user_is_made_where_there_is_none(tree: Path) -> None:
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    first = Installation(root=tree).install_steps(PROGRAM, configuration=None, default="", settings=ServiceSettings())[
        0
    ]
    assert isinstance(first, Command)
    assert (first.words[:2], first.words[-1]) == (("useradd", "--system"), "edge-hands")


def test_without_root_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(OutputError, match=r"needs root; run `sudo .*edge-service uninstall`, or .* --dry-run"):
        uninstall(root=Path("/"), purge=True, dry_run=False)


@pytest.mark.parametrize("place", ["/home/me/venv", "/root/venv", "/run/user/1000/venv"])
def test_a_place_that_the_service_would_not_see_is_refused_with_the_remedy(place: str) -> None:
    with pytest.raises(UsageError, match=r"hidden from the service; install it where .*/opt/edge-hands"):
        require_reachable((Path(place),))


def test_a_place_closed_to_others_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "venv"
    closed.mkdir(mode=0o700)
    with pytest.raises(UsageError, match=r"hidden from the service|closed to the service's user"):
        require_reachable((closed,))


def test_the_default_configuration_is_one_that_a_service_can_run(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(DEFAULT_CONFIGURATION)
    assert job_from_file(path).settings == ServiceSettings()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("max_frames: 10", "has max_frames, and a service does not end"),
        ("reconnect: never", "has reconnect: never, and a service waits for every source"),
        ("models: [hand-detectr]", "did you mean 'hand-detector'"),
    ],
)
def test_what_a_service_cannot_do_is_refused(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{OTHER}{line}\n")
    with pytest.raises(ConfigError, match=told):
        job_from_file(path)


def test_models_in_folders_of_another_machine_and_waiting_for_sources_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{OTHER}reconnect: always\nmodels: [hand-detector, /opt/models/mine]\n")
    assert job_from_file(path).device == "auto"
