# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.bundle.bundle import Bundle
from edge.engines.builder import BuildCancelled
from edge.engines.building import build_engine
from edge.engines.making import Made, Maker
from edge.engines.store import Engine, EngineStore
from edge.engines.timing_cache import read_timings
from edge.errors import EdgeError, EngineError, ModelError
from tests.edge.engines.keys import orin_key
from tests.edge.engines.makers import OnnxMaker

KILLS = 200


def names(store: EngineStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_no_moment_of_being_killed_leaves_a_torn_engine(bundle: Bundle, tmp_path: Path, repo_root: Path) -> None:
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.edge.engines.kill_many",
        tmp_path / "engines",
        bundle.path,
        str(KILLS),
        "1",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=repo_root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["killed"] == KILLS
    # Some came too late, many fell into the work, and the next build swept up after them.
    assert counts["finished"] > 0
    assert counts["leftovers"] > KILLS / 10
    assert counts["files"] == ["", ".cache", ".json", ".plan"]


def test_an_engine_is_built_once_and_then_found(store: EngineStore, bundle: Bundle) -> None:
    key, maker = orin_key(bundle), OnnxMaker()
    first = build_engine(store, bundle, key, maker)
    assert build_engine(store, bundle, key, maker) == first
    assert maker.made == 1
    assert build_engine(store, bundle, key, maker, force=True).plan == first.plan
    assert maker.made == 2


def test_those_who_want_the_same_engine_build_it_once(store: EngineStore, bundle: Bundle) -> None:
    key, maker = orin_key(bundle), OnnxMaker(step_s=0.005)
    engines: list[Engine] = []

    def want() -> None:
        engines.append(build_engine(EngineStore(store.folder), bundle, key, maker))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maker.made == 1
    assert len({engine.sidecar.built for engine in engines}) == 1
    assert len(engines) == 4


def test_one_who_waits_for_another_may_give_up(store: EngineStore, bundle: Bundle) -> None:
    with store.lock(), pytest.raises(BuildCancelled, match="while another process was building"):
        build_engine(store, bundle, orin_key(bundle), OnnxMaker(), is_cancelled=lambda: True)


def test_a_damaged_engine_is_built_again(store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    kept = build_engine(store, bundle, key, OnnxMaker())
    (store.folder / kept.sidecar.plan).write_bytes(b"")
    assert build_engine(store, bundle, key, OnnxMaker()).plan == kept.plan


def test_an_engine_that_was_never_tested_is_tested_by_who_can(store: EngineStore, bundle: Bundle) -> None:
    key, maker = orin_key(bundle), OnnxMaker()
    assert not build_engine(store, bundle, key, maker).sidecar.tested
    tested: list[bytes] = []
    engine = build_engine(store, bundle, key, maker, test=tested.append)
    assert (engine.sidecar.tested, tested, maker.made) == (True, [engine.plan], 1)
    assert build_engine(store, bundle, key, maker, test=tested.append) == engine
    assert len(tested) == 1


def test_an_engine_that_fails_its_first_test_is_built_again(store: EngineStore, bundle: Bundle) -> None:
    key, good = orin_key(bundle), bundle.read_model()
    build_engine(store, bundle, key, OnnxMaker(plan=b"bad"))

    def test(plan: bytes) -> None:
        if plan != good:
            raise ModelError("self-test failed")

    engine = build_engine(store, bundle, key, OnnxMaker(), test=test)
    assert (engine.plan, engine.sidecar.tested) == (good, True)


@pytest.mark.parametrize("fault", ["builder", "test", "cancel", "disk"])
def test_a_build_that_fails_leaves_the_last_good_engine(fault: str, store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    kept = build_engine(store, bundle, key, OnnxMaker())
    before = names(store)

    def test(_: bytes) -> None:
        if fault == "test":
            raise ModelError("self-test failed")

    def full_disk(*_: object, **__: object) -> Made:
        raise OSError(28, "No space left on device")

    maker: Maker = OnnxMaker(fault=EngineError("no kernel") if fault == "builder" else None)
    with pytest.raises(EdgeError, match=r"no kernel|self-test failed|was stopped|No space"):
        build_engine(
            store,
            bundle,
            key,
            full_disk if fault == "disk" else maker,
            test=test,
            force=True,
            is_cancelled=lambda: fault == "cancel",
        )
    assert names(store) == before
    assert store.find(bundle, key) == kept


def test_timings_are_kept_for_the_next_build_and_only_whole(store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    build_engine(store, bundle, key, OnnxMaker())
    build_engine(store, bundle, orin_key(bundle, tf32=True), OnnxMaker())
    assert read_timings(store.folder, key) == b"tt"
    (path,) = store.folder.glob("*.cache")
    path.write_bytes(path.read_bytes()[:-1])
    assert read_timings(store.folder, key) == b""
    other = key.model_copy(update={"version": "10.16.1"})
    assert read_timings(store.folder, other) == b""
