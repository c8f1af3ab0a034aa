# SPDX-License-Identifier: Apache-2.0
"""`build_engine`: from a bundle to an engine in the store, once, whoever else wants the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.engines.builder import BuildCancelled
from edge.engines.key import EngineKey
from edge.engines.making import IsCancelled, Made, Maker, OnProgress
from edge.engines.store import SCRATCH, Engine, EngineStore
from edge.engines.timing_cache import read_timings, write_timings
from edge.errors import EdgeError, EngineError, OutputError


def build_engine(
    store: EngineStore,
    bundle: Bundle,
    key: EngineKey,
    make: Maker,
    *,
    test: Callable[[bytes], object] | None = None,
    force: bool = False,
    on_progress: OnProgress = lambda _: None,
    is_cancelled: IsCancelled = lambda: False,
) -> Engine:
    """Return the engine of `key`, building it where there is none that is sound.

    While another process builds, this one waits and takes what came of it. `test` is given the new plan before it is
    kept: what it raises leaves the store as it was. A plan that is there and was never tested is given to it too, and
    built again when it fails; `force` builds any again. Raises `EngineError`, `BundleError`, `OutputError`.
    """

    def give_up() -> None:
        if is_cancelled():
            raise BuildCancelled("stopped while another process was building; nothing was written")

    with store.lock(give_up):
        there = None if force else _sound_engine(store, bundle, key)
        if there is not None and (test is None or there.sidecar.tested):
            return there
        if there is not None and test is not None and _passes(test, there.plan):
            return store.keep(bundle, key, there.plan, there.sidecar.notes, tested=True)
        store.clear_leftovers()
        onnx = bundle.read_model(key.precision)
        made = _make(store.folder, onnx, key, make, on_progress=on_progress, is_cancelled=is_cancelled)
        if made.timings:
            write_timings(store.folder, key, made.timings)
        if test is not None:
            test(made.plan)
        return store.keep(bundle, key, made.plan, made.notes, tested=test is not None)


def _make(
    folder: Path, onnx: bytes, key: EngineKey, make: Maker, *, on_progress: OnProgress, is_cancelled: IsCancelled
) -> Made:
    timings = read_timings(folder, key)
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder, ignore_cleanup_errors=True) as scratch:
            return make(onnx, key, Path(scratch), timings=timings, on_progress=on_progress, is_cancelled=is_cancelled)
    except OSError as error:
        raise OutputError(f"cannot build in {folder}: {error.strerror}; check space and permissions") from error


def _sound_engine(store: EngineStore, bundle: Bundle, key: EngineKey) -> Engine | None:
    """Return the engine of `key`, None also where there is one that cannot be trusted."""
    try:
        return store.find(bundle, key)
    except EngineError:
        return None


def _passes(test: Callable[[bytes], object], plan: bytes) -> bool:
    try:
        test(plan)
    except EdgeError:
        return False
    return True
