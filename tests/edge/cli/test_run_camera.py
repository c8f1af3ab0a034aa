# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.scene import Scene
from edge.sources.v4l2_calls import REQBUFS
from tests.edge.cli.program import PROGRAM, lines_of
from tests.edge.sources.fake_camera.camera import FakeCamera, FakeMode, library, preloaded, yuyv_from_bgr

WH = (160, 120)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("machine") / "dev"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def driver(nodes: Path) -> Path:
    return library(nodes.parent)


@pytest.fixture
def camera(nodes: Path) -> FakeCamera:
    scene = Scene(*WH)
    pictures = [yuyv_from_bgr(scene.render(number / 2).bgr) for number in range(4)]
    return FakeCamera(nodes / "video0", [FakeMode("YUYV", WH, pictures, fps=30)])


@pytest.fixture
def start(desk: Path, nodes: Path, driver: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*words: object) -> subprocess.Popen[str]:
        command = [str(word) for word in (PROGRAM, *words, "--models", "detector", "classifier", "--device", "cpu")]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=desk, env=preloaded(driver, nodes), **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_run_survives_a_camera_that_comes_back_under_another_number(
    start: Callable[..., subprocess.Popen[str]], camera: FakeCamera, nodes: Path, tmp_path: Path, repo_root: Path
) -> None:
    link, lines = nodes / "usb-camera-index0", tmp_path / "hands.jsonl"
    link.symlink_to(camera.node.name)
    process = start("--camera", f"{link}?width=160&height=120", "--jsonl", lines, "--max-frames", 60, "--json")
    wait_until(lambda: lines.exists() and lines.read_bytes().count(b"\n") >= 5)
    camera.unplug()
    link.unlink()
    wait_until(lambda: camera.opened == 0)
    camera = camera.plug(nodes / "video3")
    link.symlink_to("video3")
    out, told = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["frames"]) == (0, 60)
    assert f"camera {link} ({nodes / 'video0'}) was removed; plug it in again" in told
    assert "is live again" in told
    results = lines_of(lines, repo_root)
    assert [result["width"] for result in results] == [160] * 60
    numbers = [result["frame"] for result in results]
    assert numbers == sorted(set(numbers))
    assert camera.opened == 0


def test_camera_that_another_program_uses_ends_the_run_at_once(
    start: Callable[..., subprocess.Popen[str]], camera: FakeCamera, tmp_path: Path
) -> None:
    user = start("--camera", camera.node, "--jsonl", tmp_path / "user.jsonl")
    wait_until(lambda: camera.streaming == 1)
    refused = start("--camera", camera.node)
    _, told = refused.communicate(timeout=30)
    assert refused.returncode == 3
    assert f"camera {camera.node} is busy, held by " in told  # by the test too, which has its file open
    assert f"process {user.pid} (edge-run)" in told
    assert "; stop that program or choose another camera" in told
    assert camera.streaming == 1, "the first one goes on"


def test_camera_that_refuses_its_buffers_is_busy(
    start: Callable[..., subprocess.Popen[str]], camera: FakeCamera
) -> None:
    camera.failing_call, camera.failing_errno = REQBUFS.number & 0xFF, 16
    process = start("--camera", camera.node)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, f"camera {camera.node} is busy" in told) == (3, True)
