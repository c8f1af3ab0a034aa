# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.engines.builder import BuildCancelled, BuildMemoryError
from edge.engines.building import build_engine
from edge.engines.flavour import Flavour
from edge.engines.key import EngineKey, key_from_bundle
from edge.engines.making import ChildMaker, Made
from edge.engines.memory_limit import MemoryLimit, limit_from_machine
from edge.engines.progress import BuildProgress
from edge.engines.store import EngineStore
from edge.errors import EngineError
from tests.edge.engines.keys import ORIN

ROOMY = MemoryLimit(resident_mb=8192, reserve_mb=16, workspace_mb=128)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    """Return a bundle whose build takes long enough to be interrupted."""
    return Bundle.open(find_bundle("hand-detector"))


@pytest.fixture
def key(bundle: Bundle, rtx: Flavour) -> EngineKey:
    return key_from_bundle(bundle, "fp32", rtx, gpu=None, sms=(86,))


def child() -> psutil.Process:
    (process,) = [one for one in psutil.Process().children() if "edge.engines.child" in one.cmdline()]
    return process


def make(bundle: Bundle, key: EngineKey, scratch: Path, *, limit: MemoryLimit = ROOMY, kill: int | None = None) -> Made:
    """Build in a child, sending it `kill` at its first step."""

    struck = False

    def on_progress(_: BuildProgress) -> None:
        nonlocal struck
        if kill is not None and not struck:
            child().send_signal(kill)
            struck = True

    maker = ChildMaker(limit)
    onnx = bundle.read_model()
    return maker(onnx, key, scratch, timings=b"", on_progress=on_progress, is_cancelled=lambda: False)


def test_a_plan_comes_from_a_process_of_its_own(bundle: Bundle, key: EngineKey, store: EngineStore) -> None:
    told: list[BuildProgress] = []
    engine = build_engine(store, bundle, key, ChildMaker(ROOMY), on_progress=told.append)
    assert engine.plan.startswith(b"vtrt")
    assert engine.sidecar.notes.workspace_mb == 128
    assert not engine.sidecar.tested
    assert told[-1].fraction > 0.7
    assert store.find(bundle, key) == engine
    assert sorted(path.suffix for path in store.folder.iterdir()) == ["", ".json", ".plan"]


def test_what_is_wrong_with_a_model_comes_back_from_the_child(key: EngineKey, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot read the model"):
        ChildMaker(ROOMY)(
            b"nonsense", key, tmp_path, timings=b"", on_progress=lambda _: None, is_cancelled=lambda: False
        )


def test_a_child_that_takes_too_much_is_ended_and_memory_is_named(
    bundle: Bundle, key: EngineKey, tmp_path: Path
) -> None:
    tight = MemoryLimit(resident_mb=20, reserve_mb=16, workspace_mb=40)
    with pytest.raises(BuildMemoryError, match=r"out of memory, with 40 MB .*holds \d+ MB where 20 MB are allowed"):
        make(bundle, key, tmp_path, limit=tight)
    crowded = MemoryLimit(resident_mb=8192, reserve_mb=2**30, workspace_mb=40)
    with pytest.raises(BuildMemoryError, match=r"MB are left on this machine where \d+ MB must stay free"):
        make(bundle, key, tmp_path, limit=crowded)
    assert not psutil.Process().children()


def test_a_build_without_enough_memory_is_tried_again_with_half_the_workspace(
    bundle: Bundle, key: EngineKey, tmp_path: Path
) -> None:
    tight = MemoryLimit(resident_mb=20, reserve_mb=16, workspace_mb=130)
    with pytest.raises(BuildMemoryError, match="with 32 MB of workspace"):
        make(bundle, key, tmp_path, limit=tight)


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (signal.SIGSEGV, EngineError, "ended without an answer .*SIGSEGV"),
        (signal.SIGKILL, BuildMemoryError, "out of memory, .*the system killed the build"),
    ],
)
def test_a_crash_of_the_child_is_an_error_of_the_build(
    number: int, kind: type[EngineError], message: str, bundle: Bundle, key: EngineKey, tmp_path: Path
) -> None:
    limit = MemoryLimit(resident_mb=8192, reserve_mb=16, workspace_mb=40)  # too little for a second try
    with pytest.raises(kind, match=message):
        make(bundle, key, tmp_path, limit=limit, kill=number)


def test_a_build_stops_within_seconds_and_leaves_nothing(bundle: Bundle, key: EngineKey, store: EngineStore) -> None:
    told: list[BuildProgress] = []
    with pytest.raises(BuildCancelled, match="nothing was written"):
        build_engine(store, bundle, key, ChildMaker(ROOMY), on_progress=told.append, is_cancelled=lambda: bool(told))
    assert [path.name for path in store.folder.iterdir()] == ["lock"]
    assert not psutil.Process().children()


def test_a_child_that_does_not_stop_is_killed(bundle: Bundle, key: EngineKey, tmp_path: Path) -> None:
    told: list[float] = []

    def on_progress(_: BuildProgress) -> None:
        if not told:
            child().suspend()
            told.append(time.monotonic())

    with pytest.raises(BuildCancelled):
        ChildMaker(ROOMY)(
            bundle.read_model(),
            key,
            tmp_path,
            timings=b"",
            on_progress=on_progress,
            is_cancelled=lambda: bool(told),
        )
    assert time.monotonic() - told[0] < 5
    assert not psutil.Process().children()


@pytest.mark.usefixtures("rtx")
def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    folder = tmp_path / "engines"
    script = f"""
from pathlib import Path
import psutil, time
from edge.bundle.bundle import Bundle
from edge.engines import builder, building, flavour, key, making, memory_limit, store
bundle = Bundle.open({str(find_bundle("hand-detector"))!r})
wanted = key.key_from_bundle(bundle, "fp32", flavour.load_flavour("tensorrt_rtx"), gpu=None, sms=(86,))
def hold(progress):
    print(psutil.Process().children()[0].pid, flush=True)
    time.sleep(60)
limit = memory_limit.MemoryLimit(8192, 16, 128)
engines = store.EngineStore(Path({str(folder)!r}))
building.build_engine(engines, bundle, wanted, making.ChildMaker(limit), on_progress=hold)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([orphan], timeout=5)
    assert not alive
    assert gone
    assert not list(folder.glob("*.json"))


def test_the_limit_leaves_a_tenth_of_what_is_free_and_half_of_the_rest_to_kernels() -> None:
    limit = limit_from_machine(None)
    assert 0 < limit.reserve_mb < limit.resident_mb
    assert 64 <= limit.workspace_mb <= 8192
    assert limit_from_machine(None, memory_mb=1000).workspace_mb == 500
    assert limit_from_machine(ORIN, memory_mb=600).workspace_mb == 300
    assert limit.excess(os.getpid()) is None
