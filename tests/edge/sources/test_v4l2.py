# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import CameraError
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.v4l2 import CameraLock, cameras, holders, stable_name

HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def device() -> Iterator[Path]:
    """Return a character device of its own, standing for a camera's node."""
    controller, terminal = os.openpty()
    yield Path(os.ttyname(terminal))
    os.close(terminal)
    os.close(controller)


@pytest.fixture
def holder(device: Path) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(device)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"held\n"
        yield process.pid
        process.stdin.close()


def test_holder_of_a_device_is_found(device: Path, holder: int) -> None:
    (found,) = holders(device)
    assert found.pid == holder
    assert found.command.startswith("python")


def test_busy_device_names_its_holder(device: Path, holder: int) -> None:
    with pytest.raises(CameraError, match=rf"{device} is busy, held by process {holder} \(python.*stop that program"):
        CameraLock(device)


def test_device_that_is_no_camera_is_let_go(device: Path) -> None:
    for _ in range(2):
        with pytest.raises(CameraError, match="is not a camera"):
            CameraLock(device)
    assert holders(device) == []


def test_device_that_may_not_be_opened_names_the_group(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    node = tmp_path / "video0"
    node.touch(mode=0)
    with pytest.raises(CameraError, match="usermod -aG video"):
        CameraLock(node)


def test_cameras_are_listed_by_number(tmp_path: Path) -> None:
    for name in ("video10", "video2", "video0", "vbi0", "videotape"):
        (tmp_path / name).touch()
    assert [node.name for node in cameras(nodes=tmp_path)] == ["video0", "video2", "video10"]


def test_stable_name_of_a_camera_is_the_link_to_it(tmp_path: Path) -> None:
    node, links = tmp_path / "video2", tmp_path / "by-id"
    node.touch()
    assert stable_name(node, links=links) is None
    links.mkdir()
    (links / "usb-gone-index0").symlink_to("../video7")
    assert stable_name(node, links=links) is None
    (links / "usb-camera-index0").symlink_to("../video2")
    assert stable_name(node, links=links) == links / "usb-camera-index0"


def test_unplugged_camera_is_told_by_its_link(tmp_path: Path) -> None:
    link = tmp_path / "usb-camera-index0"
    link.symlink_to("video2")
    with pytest.raises(ReaderError, match=rf"camera {link} is unplugged, its link leads to video2; ") as caught:
        CameraLock(link)
    assert caught.value.reason is FaultReason.not_found
