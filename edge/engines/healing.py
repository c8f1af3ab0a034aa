# SPDX-License-Identifier: Apache-2.0
"""`open_healing`: a runner at once, and an engine as soon as there is one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.engines.backend import Backend
from edge.engines.builder import BuildCancelled
from edge.engines.building import build_engine
from edge.engines.current_model import CurrentModel
from edge.engines.healing_runner import HealingRunner
from edge.engines.key import EngineKey
from edge.engines.making import OnProgress
from edge.engines.store import Engine, EngineStore
from edge.errors import EdgeError, EngineError, OutputError
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.runners.runner import Runner

_STOP_S = 10.0


def open_healing(
    store: EngineStore,
    bundle: Bundle,
    precision: Precision,
    find_backend: Callable[[], Backend],
    *,
    threads: int = 1,
    on_change: Callable[[str], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> HealingRunner:
    """Return a runner of what can run now: a sound engine, else ONNX Runtime with `threads` threads.

    Where there is no sound engine one is built in the background, tested with the bundle's self-test, and taken over
    between two frames. `on_change` is told in one sentence what runs and why, first before this returns.
    Raises `BundleError`.
    """
    try:
        backend = find_backend()
        key = backend.key(bundle, precision)
        engine, why = _find(store, bundle, key)
        if engine is not None:
            try:
                model = _tested(backend, bundle, key, engine.plan, skip=engine.sidecar.tested)
            except EdgeError as error:
                why = f"the engine there is does not run ({error})"
            else:
                reason = f"{bundle.manifest.name} runs on the engine built {engine.sidecar.built}"
                return HealingRunner(CurrentModel(model, reason, is_engine=True, on_change=on_change))
    except EdgeError as error:
        return HealingRunner(_on_onnx(bundle, precision, threads, str(error), on_change))
    current = _on_onnx(bundle, precision, threads, f"{why}; building one", on_change)
    runner = HealingRunner(current)
    _Healer(store, bundle, key, backend, current, on_progress).start(force=engine is not None)
    return runner


@dataclass(slots=True)
class _Healer:
    """Builds an engine in a thread of its own and hands it to the model's users."""

    store: EngineStore
    bundle: Bundle
    key: EngineKey
    backend: Backend
    current: CurrentModel
    on_progress: OnProgress
    stopped: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self, *, force: bool) -> None:
        """Begin; `force` does not take the engine that is there."""
        self.thread = threading.Thread(target=self._heal, args=(force,), name="edge-engine-build", daemon=True)
        self.current.on_close = self._stop
        self.thread.start()

    def _stop(self) -> None:
        self.stopped.set()
        if self.thread is not None:
            self.thread.join(_STOP_S)

    def _heal(self, force: bool) -> None:  # noqa: FBT001 - a thread's function
        name = self.bundle.manifest.name
        try:
            model, reason = self._build(force=force)
        except BuildCancelled as error:
            self.current.explain(f"{name} stays on ONNX Runtime: {error}")
        except EdgeError as error:
            self.current.explain(f"{name} stays on ONNX Runtime, no engine could be built: {error}")
        except Exception as error:  # noqa: BLE001 - the border of the thread: the model goes on without an engine
            self.current.explain(f"{name} stays on ONNX Runtime, building failed: {type(error).__name__}: {error}")
        else:
            if self.stopped.is_set():
                model.close()
            else:
                self.current.replace(model, reason)

    def _build(self, *, force: bool) -> tuple[Runner, str]:
        """Return a runner of an engine that passed its self-test, and the sentence why it is this one."""
        name = self.bundle.manifest.name
        models: list[Runner] = []

        def test(plan: bytes) -> None:
            models.append(_tested(self.backend, self.bundle, self.key, plan))

        try:
            engine = build_engine(
                self.store,
                self.bundle,
                self.key,
                self.backend.make,
                test=test,
                force=force,
                on_progress=self.on_progress,
                is_cancelled=self.stopped.is_set,
            )
        except OutputError as error:
            if not models:
                raise
            return models[0], f"{name} runs on a new engine that could not be kept: {error}"
        if not models:  # another process built it
            test(engine.plan)
        return models[0], f"{name} runs on the engine built {engine.sidecar.built}"


def _find(store: EngineStore, bundle: Bundle, key: EngineKey) -> tuple[Engine | None, str]:
    """Return the engine, or None and why there is none."""
    try:
        engine = store.find(bundle, key)
    except EngineError:
        engine = None
    return engine, store.explain(bundle, key)


def _tested(backend: Backend, bundle: Bundle, key: EngineKey, plan: bytes, *, skip: bool = False) -> Runner:
    """Return a runner of a plan on which the self-test has passed."""
    model = backend.run(plan, bundle)
    if not skip:
        try:
            bundle.verify(precision=key.precision, runner=model)
        except BaseException:
            model.close()
            raise
    return model


def _on_onnx(
    bundle: Bundle, precision: Precision, threads: int, why: str, on_change: Callable[[str], None]
) -> CurrentModel:
    model = OnnxRuntimeRunner.from_bundle(bundle, precision=precision, threads=threads)
    reason = f"{bundle.manifest.name} runs on ONNX Runtime: {why}"
    return CurrentModel(model, reason, is_engine=False, on_change=on_change)
