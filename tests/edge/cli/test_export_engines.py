# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
import os
import platform
import random
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import psutil
import pytest

from edge.bundle.zoo import find_bundle
from edge.cli.export import main
from edge.engines.flavour import load_flavour
from edge.errors import DependencyError
from edge.machine.gpu import find_gpu
from tests.conftest import CI

PROGRAM = Path(sysconfig.get_path("scripts")) / "edge-export"
STOP_S = 5.0


@pytest.fixture(scope="module", autouse=True)
def rtx() -> None:
    """Leave where TensorRT-RTX is not, or a GPU is: there engines are built for that."""
    try:
        load_flavour("tensorrt_rtx")
    except DependencyError as error:
        if CI and platform.machine() == "x86_64":
            pytest.fail(str(error))
        pytest.skip(str(error))
    try:
        find_gpu()
    except DependencyError:
        return
    pytest.skip("this machine has a GPU")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "engines"


def edge_export(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which has TensorRT-RTX loaded already."""
    printed, told = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        patch.setenv("EDGE_ENGINES", str(folder))
        patch.setattr(sys, "argv", ["edge-export", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
    return subprocess.CompletedProcess(words, int(left.value.code or 0), printed.getvalue(), told.getvalue())


def engines_of(folder: Path) -> list[dict[str, object]]:
    done = edge_export(folder, "engines", "list", "--json")
    assert done.returncode == 0, done.stderr
    engines: list[dict[str, object]] = json.loads(done.stdout)["engines"]
    return engines


def test_engines_are_built_listed_explained_and_pruned(folder: Path, sound_bundle: Path) -> None:
    done = edge_export(folder, sound_bundle, "--engine", "--sm", "86", "89", "--json")
    assert done.returncode == 0, done.stderr
    (built,) = json.loads(done.stdout)["engines"]
    assert built["key"]["sms"] == [86, 89]
    assert (folder / built["plan"]).stat().st_size == built["bytes"]
    assert "building small-detector in fp32 with TensorRT-RTX" in done.stderr

    (listed,) = engines_of(folder)
    assert listed == {**built, "misfit": None}
    assert "small-detector 1.2.3" in edge_export(folder, "engines", "list").stdout
    told = edge_export(folder, "engines", "explain", sound_bundle, "--sm", "86").stdout
    assert told.endswith("does not fit: it has sms 86 89 instead of 86\n")
    told = edge_export(folder, "engines", "explain", sound_bundle, "--sm", "86", "89").stdout
    assert told.startswith("there is an engine of small-detector in fp32")

    half = ".timings-0123456789abcdef.cache.ab_c12x9.part"
    (folder / half).touch()
    assert json.loads(edge_export(folder, "engines", "prune", "--json").stdout)["deleted"] == [half]
    assert len(engines_of(folder)) == 1
    assert "deleted small-detector-fp32-" in edge_export(folder, "engines", "prune", "--all").stdout
    assert engines_of(folder) == []
    assert "no engines in" in edge_export(folder, "engines", "list").stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--engine"], 2, "without a GPU an engine needs the compute capabilities it is for, as --sm 86"),
        (["--engine", "--sm", "87"], 7, "cannot build for compute capability 87 without such a GPU; it knows 75"),
        (["--engine", "--sm", "86", "--dla", "0"], 7, "there is no DLA core 0"),
        ([], 2, "is no checkpoint; to write a bundle in other precisions add --fp16 or --int8, to build its engines"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(
    words: list[str], code: int, message: str, folder: Path, sound_bundle: Path
) -> None:
    done = edge_export(folder, sound_bundle, *words)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("*.plan"))


def test_too_little_memory_is_said_as_such(folder: Path) -> None:
    done = edge_export(folder, "hand-detector", "--engine", "--sm", "86", "--memory", "64")
    assert done.returncode == 5
    assert "out of memory, with 32 MB of workspace: the build holds" in done.stderr
    assert "where 64 MB are allowed" in done.stderr


def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    done = edge_export(folder, "engines", "list")
    assert (done.returncode, "chmod 700" in done.stderr) == (5, True)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_build_that_is_stopped_ends_soon_and_the_next_one_succeeds(number: int, code: int, tmp_path: Path) -> None:
    # On a fast machine the engine may be there before the signal comes: it comes earlier then.
    for latest_s in (1.0, 0.3, 0.0):
        folder = tmp_path / f"engines-{latest_s}"
        left = stopped_build(folder, number, after_s=random.Random(number).uniform(0, latest_s))
        if not list(folder.glob("*.json")):
            break
    else:
        pytest.fail("every engine was built before its signal came")
    assert left == code
    if number != signal.SIGKILL:
        assert [path.name for path in folder.iterdir()] in ([], ["lock"])
    else:
        done = edge_export(folder, "hand-detector", "--engine", "--sm", "86")
        assert done.returncode == 0, done.stderr
        assert sorted(path.suffix for path in folder.iterdir()) == ["", ".json", ".plan"]


def stopped_build(folder: Path, number: int, *, after_s: float) -> int:
    """Build, send the signal so long after the build began, and return the exit code; no process is left then."""
    words: list[str | Path] = [PROGRAM, find_bundle("hand-detector"), "--engine", "--sm", "86"]
    environment = os.environ | {"EDGE_ENGINES": str(folder)}
    # A job in the background ignores SIGINT, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with started as process:
        assert process.stderr is not None
        assert "building" in process.stderr.readline()
        time.sleep(after_s)
        children = psutil.Process(process.pid).children()
        process.send_signal(number)
        code = process.wait(STOP_S)
        # One whose parent was killed while it was starting notices that once it has started.
        _, left = psutil.wait_procs(children, timeout=30 if number == signal.SIGKILL else 0.1)
        assert not [child for child in left if at_work(child)]
    return code


def at_work(child: psutil.Process) -> bool:
    try:
        return bool(child.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_engines_need_nothing_of_the_checkout(folder: Path, sound_bundle: Path) -> None:
    code = f"""
import sys
sys.modules.update(dict.fromkeys(["export", "training", "torch", "onnx"]))
sys.argv = ["edge-export", {str(sound_bundle)!r}, "--engine", "--sm", "86"]
from edge.cli.export import main
main()
"""
    environment = os.environ | {"EDGE_ENGINES": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
