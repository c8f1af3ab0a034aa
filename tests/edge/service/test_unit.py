# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.cli.outcome import EXIT_CODES
from edge.errors import BundleError, ConfigError, EdgeError, ModelError, OutputError, SourceError
from edge.service.devices import find_devices
from edge.service.settings import ServiceSettings
from edge.service.unit import DEVICES_FILE, ENDED, FILE, Unit, devices_text
from tests.conftest import CI
from tests.edge.service.machines import MACHINES, machine_tree

MOST_EXPOSURE = 2.5
ALLOWED = {
    "orin": {"char-video4linux", "char-nvidia*", "/dev/nvmap", "/dev/nvgpu/igpu0/ctrl", "/dev/dri/renderD129"},
    "thor": {"char-video4linux", "char-nvidia*", "/dev/nvmap", "/dev/nvhost-ctxsw-gpu", "/dev/dri/renderD128"},
    "desktop": {"char-video4linux", "char-nvidia*", "/dev/dri/renderD128"},
    "camera": {"char-video4linux"},
}
FORBIDDEN = re.compile(r"/dev/(mem|sd|nvme|mmcblk|tty|i2c|gpio|kvm|hidraw|card|dri/card)")


def unit(command: tuple[str, ...] = ("/bin/true", "run"), **settings: object) -> Unit:
    """Return a unit for a program that is on every machine."""
    return Unit(command, "edge-hands", ("video", "render"), ServiceSettings.model_validate(settings))


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd's own judge of units."""
    if shutil.which("systemd-analyze") is None:
        reason = "no systemd-analyze here; install the package systemd"
        pytest.fail(reason) if CI else pytest.skip(reason)
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False, timeout=60
    )


def written(root: Path) -> Path:
    """Write the unit and its drop-in into a tree; return the unit's file."""
    path = root / "etc/systemd/system" / FILE
    drop_ins = path.with_name(f"{FILE}.d")
    drop_ins.mkdir(parents=True)
    path.write_text(unit().text())
    (drop_ins / DEVICES_FILE).write_text(devices_text(find_devices(root)))
    return path


@pytest.mark.parametrize("name", MACHINES)
def test_a_unit_is_clean_and_little_exposed_on_every_machine(tmp_path: Path, name: str) -> None:
    path = written(machine_tree(tmp_path, name))
    verified = analyze("verify", path)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    judged = analyze("security", "--offline=true", f"--root={tmp_path}", FILE)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert exposure is not None, judged.stderr
    assert float(exposure[1]) <= MOST_EXPOSURE


@pytest.mark.parametrize("name", MACHINES)
def test_the_nodes_of_gpu_and_cameras_are_allowed_and_no_others(tmp_path: Path, name: str) -> None:
    devices = find_devices(machine_tree(tmp_path, name))
    assert set(devices.allowed) >= ALLOWED[name]
    assert not [node for node in devices.allowed if FORBIDDEN.match(node)]
    assert devices.groups == tuple(MACHINES[name][1].split())
    nodes = [path for path in (tmp_path / "dev/nvgpu").rglob("*") if path.is_file()]
    assert {f"/{node.relative_to(tmp_path)}" for node in nodes} <= set(devices.allowed)


def test_a_machine_without_a_gpu_opens_cameras_alone(tmp_path: Path) -> None:
    assert find_devices(machine_tree(tmp_path, "camera")).allowed == ("char-video4linux",)


@pytest.mark.parametrize(("name", "is_private"), [("orin", False), ("thor", False), ("desktop", True)])
def test_the_socket_of_cameras_on_csi_is_reached_only_where_there_may_be_some(
    tmp_path: Path, name: str, *, is_private: bool
) -> None:
    assert ("PrivateTmp=no" not in devices_text(find_devices(machine_tree(tmp_path, name)))) is is_private


def test_what_stays_wrong_is_never_restarted_and_all_else_is() -> None:
    lines = dict(line.partition("=")[::2] for line in unit().text().splitlines())
    never = {int(code) for code in lines["RestartPreventExitStatus"].split()}
    assert lines["Restart"] == "on-failure"
    assert never == {ConfigError.exit_code, BundleError.exit_code}
    assert not never & {error.exit_code for error in (EdgeError, SourceError, ModelError, OutputError)}
    documented = set(map(int, re.findall(r"^ +(\d+)  ", EXIT_CODES, re.MULTILINE)))
    assert never | set(ENDED) <= documented
    assert lines["SuccessExitStatus"] == " ".join(map(str, ENDED))


def test_a_unit_has_the_limits_of_the_settings() -> None:
    lines = unit(
        watchdog_s=12.5, memory_high_mb=1000, memory_max_mb=1200, most_tasks=64, writable=["/mnt/a b", "/mnt/$x"]
    ).text()
    for line in (
        "WatchdogSec=12.5",
        "MemoryHigh=1000M",
        "MemoryMax=1200M",
        "TasksMax=64",
        'ReadWritePaths=-"/mnt/a b"',
        "ReadWritePaths=-/mnt/$x",
    ):
        assert line in lines.splitlines()


def test_words_of_the_command_reach_the_program_as_they_are() -> None:
    text = unit(("/opt/a b/edge-service", "100%", "$HOME", 'x"y', "a\\b")).text()
    assert r'ExecStart="/opt/a b/edge-service" 100%% $$HOME "x\"y" "a\\b"' in text
