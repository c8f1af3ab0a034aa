# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.bundle.bundle import Bundle
from edge.engines.key import EngineKey
from edge.engines.sidecar import BuildNotes
from edge.engines.store import Engine, EngineStore, default_folder
from edge.errors import EngineError, OutputError
from tests.edge.engines.keys import orin_key
from tests.edge.engines.test_key import changed_keys

PLAN = bytes(range(256)) * 40
NOTES = BuildNotes(seconds=1.5, workspace_mb=256)


def keep(store: EngineStore, bundle: Bundle, key: EngineKey, plan: bytes = PLAN) -> Engine:
    return store.keep(bundle, key, plan, NOTES, tested=True)


def plan_path(store: EngineStore) -> Path:
    (path,) = store.folder.glob("*.plan")
    return path


def test_what_was_kept_is_found_and_the_plan_is_nothing_but_the_plan(store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    assert store.find(bundle, key) is None
    keep(store, bundle, key)
    found = store.find(bundle, key)
    assert found is not None
    assert (found.plan, found.sidecar.key, found.sidecar.notes) == (PLAN, key, NOTES)
    assert plan_path(store).read_bytes() == PLAN
    assert {path.stat().st_mode & 0o777 for path in store.folder.iterdir()} == {0o600}
    assert store.folder.stat().st_mode & 0o777 == 0o700


def test_an_engine_of_any_other_key_is_not_taken_and_the_difference_is_told(store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    assert store.explain(bundle, key) == "no engine of small-detector in fp32 was built yet"
    keep(store, bundle, key)
    for field, (other, _) in changed_keys(key).items():
        assert store.find(bundle, other) is None, field
        if field != "precision":
            (difference,) = other.differences(key)
            assert store.explain(bundle, other).endswith(f"does not fit: it has {difference}")
    assert store.explain(bundle, key).startswith("there is an engine of small-detector in fp32")


@pytest.mark.parametrize("length", [0, 1, len(PLAN) // 2, len(PLAN) - 1])
def test_a_cut_plan_is_refused(length: int, store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    keep(store, bundle, key)
    plan_path(store).write_bytes(PLAN[:length])
    with pytest.raises(EngineError, match=f"{length} bytes of {len(PLAN)}"):
        store.find(bundle, key)
    assert "cannot be trusted" in store.explain(bundle, key)
    keep(store, bundle, key)
    assert store.find(bundle, key) is not None


def test_every_flipped_bit_of_a_plan_is_refused(store: EngineStore, bundle: Bundle) -> None:
    key, plan = orin_key(bundle), PLAN[:64]
    keep(store, bundle, key, plan)
    path = plan_path(store)
    for bit in range(8 * len(plan)):
        flipped = bytearray(plan)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(EngineError, match="is not the plan that was built"):
            store.find(bundle, key)


def test_no_spoiled_sidecar_passes_for_another_engine(store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    kept = keep(store, bundle, key)
    (path,) = store.folder.glob("*.json")
    raw = path.read_bytes()
    for byte in range(0, len(raw), 3):
        for spoiled in (raw[:byte], raw[:byte] + bytes([raw[byte] ^ 1 << byte % 7]) + raw[byte + 1 :]):
            path.write_bytes(spoiled)
            try:
                found = store.find(bundle, key)
            except EngineError:
                continue
            assert found is not None
            assert (found.plan, found.sidecar.key) == (kept.plan, key)


def test_an_engine_under_the_name_of_another_is_refused(store: EngineStore, bundle: Bundle) -> None:
    key, other = orin_key(bundle), orin_key(bundle, tf32=True)
    keep(store, bundle, key)
    (path,) = store.folder.glob("*.json")
    path.rename(store.folder / f"small-detector-fp32-{other.digest}.json")
    with pytest.raises(EngineError, match="was written for another key: tf32 False instead of True"):
        store.find(bundle, other)


@pytest.mark.parametrize("kind", ["group", "others", "link", "hard link", "folder", "fifo"])
@pytest.mark.parametrize("suffix", [".plan", ".json"])
def test_a_file_that_another_may_have_written_is_refused(
    kind: str, suffix: str, store: EngineStore, bundle: Bundle, tmp_path: Path
) -> None:
    key = orin_key(bundle)
    keep(store, bundle, key)
    (path,) = store.folder.glob(f"*{suffix}")
    if kind in {"group", "others"}:
        path.chmod(0o620 if kind == "group" else 0o602)
    elif kind == "hard link":
        os.link(path, tmp_path / "elsewhere")
    else:
        path.rename(tmp_path / "elsewhere")
        make = {"link": lambda: path.symlink_to(tmp_path / "elsewhere"), "folder": path.mkdir}
        make.get(kind, lambda: os.mkfifo(path))()
    with pytest.raises(EngineError, match=r"cannot be read|not a regular file|written by others"):
        store.find(bundle, key)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_a_file_or_folder_of_another_user_is_refused(store: EngineStore, bundle: Bundle) -> None:
    key = orin_key(bundle)
    keep(store, bundle, key)
    os.chown(plan_path(store), 12345, -1)
    with pytest.raises(EngineError, match="written by others"):
        store.find(bundle, key)
    os.chown(store.folder, 12345, -1)
    with pytest.raises(EngineError, match="belongs to user 12345"):
        EngineStore(store.folder)


def test_a_folder_that_others_may_enter_is_refused_with_the_remedy(store: EngineStore, tmp_path: Path) -> None:
    store.folder.chmod(0o755)
    with pytest.raises(EngineError, match=r"open to other users \(mode 755\).*`chmod 700"):
        EngineStore(store.folder)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    with pytest.raises(EngineError, match="anybody may put another folder in its place"):
        EngineStore(tmp_path / "shared" / "engines")
    (tmp_path / "link").symlink_to(store.folder)
    with pytest.raises(EngineError, match="a link or a file"):
        EngineStore(tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="name another in EDGE_ENGINES"):
        EngineStore(tmp_path / "file" / "engines")


def test_pruning_leaves_what_is_wanted_and_whole(store: EngineStore, bundle: Bundle) -> None:
    wanted, unwanted = orin_key(bundle), orin_key(bundle, tf32=True)
    keep(store, bundle, wanted)
    keep(store, bundle, unwanted)
    stem = f"small-detector-fp16-{wanted.digest}"
    leftovers = {f"{stem}.json", f"{stem}-{'0' * 12}.plan", f".{stem}.json.ab_c12x9.part"}
    for name in leftovers:
        (store.folder / name).write_bytes(b"half")
    (store.folder / ".build-ab_c12x9").mkdir()
    gone = store.prune(lambda sidecar: not sidecar.key.settings.tf32)
    assert leftovers | {".build-ab_c12x9"} < set(gone)
    assert [one.key for one in store.sidecars()] == [wanted]
    assert store.find(bundle, wanted) is not None
    assert len(list(store.folder.glob("*.plan"))) == 1


def test_pruning_leaves_what_is_not_the_stores(store: EngineStore, bundle: Bundle) -> None:
    keep(store, bundle, orin_key(bundle))
    names = {"package.json", "results-fp32.json", "my.plan", "film.part", ".film.mp4.x1.part", "notes.txt"}
    for name in names:
        (store.folder / name).write_bytes(b"{}")
    (store.folder / ".build-cache").mkdir()
    gone = store.prune(lambda _: False)
    assert {Path(name).suffix for name in gone} == {".json", ".plan"}
    assert {path.name for path in store.folder.iterdir()} == names | {".build-cache", "lock"}


def test_a_full_disk_leaves_the_engine_that_was_there(store: EngineStore, bundle: Bundle) -> None:
    import resource
    import signal

    key = orin_key(bundle)
    keep(store, bundle, key)
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(PLAN) // 2, limits[1]))
    try:
        with pytest.raises(OutputError, match="check space and permissions"):
            keep(store, bundle, key, PLAN[::-1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    found = store.find(bundle, key)
    assert found is not None
    assert found.plan == PLAN
    assert not list(store.folder.glob(".*.part"))


def test_the_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDGE_ENGINES", "CACHE_DIRECTORY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert default_folder() == Path.home() / ".cache/edge-hands/engines"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert default_folder() == Path("/x/edge-hands/engines")
    monkeypatch.setenv("CACHE_DIRECTORY", "/c:/other")
    assert default_folder() == Path("/c/edge-hands/engines")
    monkeypatch.setenv("EDGE_ENGINES", "/e")
    assert default_folder() == Path("/e")
