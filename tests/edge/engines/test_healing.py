# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.engines.backend import Backend, backend_from_machine
from edge.engines.building import build_engine
from edge.engines.healing_runner import HealingRunner
from edge.engines.key import EngineKey
from edge.engines.making import Maker
from edge.engines.store import EngineStore
from edge.errors import DependencyError, EngineError, ModelError
from edge.runners import OnnxRuntimeRunner, Runner
from tests.edge.bundles import detector_model
from tests.edge.engines.keys import orin_key
from tests.edge.engines.makers import OnnxMaker

SHAPE = (1, 3, 96, 96)
PATIENCE_S = 30.0


class OnnxBackend:
    """A machine whose engines are ONNX files; notes every plan that it is given to run."""

    def __init__(self, maker: Maker, key: EngineKey) -> None:
        self.maker, self._key = maker, key
        self.ran: list[bytes] = []
        self.faults: list[ModelError] = []

    def __call__(self) -> Backend:
        return Backend(lambda *_: self._key, self.maker, self.run)

    def run(self, plan: bytes, bundle: Bundle) -> Runner:
        self.ran.append(plan)
        if self.faults:
            raise self.faults.pop()
        manifest = bundle.manifest
        outputs = tuple(output.spec() for output in manifest.outputs)
        return OnnxRuntimeRunner(plan, inputs=(manifest.input.spec(),), outputs=outputs)


@pytest.fixture
def backend(bundle: Bundle) -> OnnxBackend:
    return OnnxBackend(OnnxMaker(), orin_key(bundle))


def answer(runner: Runner) -> dict[str, Any]:
    """Return what a runner makes of a certain picture."""
    runner.input_buffer("image", SHAPE)[...] = np.linspace(-1, 1, np.prod(SHAPE)).reshape(SHAPE)
    return {name: value.copy() for name, value in runner.infer().items()}


def kinds(*runners: HealingRunner) -> list[str]:
    """Return on what each runner runs its next frame."""
    return ["engine" if runner.is_engine else "ONNX Runtime" for runner in runners]


def await_sentence(told: list[str], part: str) -> None:
    """Wait until a sentence with `part` was told."""
    until_s = time.monotonic() + PATIENCE_S
    while not any(part in sentence for sentence in told):
        assert time.monotonic() < until_s, told
        time.sleep(0.01)


def test_a_model_runs_at_once_and_goes_over_to_its_engine_between_frames(
    store: EngineStore, bundle: Bundle, backend: OnnxBackend
) -> None:
    go = threading.Event()
    backend.maker = _held(backend.maker, go)
    told: list[str] = []
    with store.open(bundle, "fp32", backend, on_change=told.append) as runner, runner.sibling() as lane:
        first = answer(runner)
        assert told == [
            "small-detector runs on ONNX Runtime: no engine of small-detector in fp32 was built yet; building one"
        ]
        assert kinds(runner, lane) == ["ONNX Runtime"] * 2
        half = lane.input_buffer("image", SHAPE)
        half[...] = np.linspace(-1, 1, np.prod(SHAPE)).reshape(SHAPE)
        go.set()
        await_sentence(told, "runs on the engine built")
        assert kinds(runner, lane) == ["engine"] * 2
        assert lane.input_buffer("image", SHAPE) is half
        for before, after in zip(first.values(), lane.infer().values(), strict=True):
            np.testing.assert_array_equal(before, after)
        for one in (runner, lane):
            second = answer(one)
            assert all((second[name] == first[name]).all() for name in first)
            assert one.input_buffer("image", SHAPE) is not half
    found = store.find(bundle, orin_key(bundle))
    assert found is not None
    assert found.sidecar.tested


def test_the_next_start_runs_on_the_engine_without_building(
    store: EngineStore, bundle: Bundle, backend: OnnxBackend
) -> None:
    build_engine(store, bundle, orin_key(bundle), OnnxMaker(), test=lambda _: None)
    with store.open(bundle, "fp32", backend) as runner:
        assert runner.is_engine
        assert "runs on the engine built" in runner.reason
        assert answer(runner)
    assert isinstance(backend.maker, OnnxMaker)
    assert backend.maker.made == 0


def test_an_engine_that_nobody_tested_is_tested_when_it_is_opened(
    store: EngineStore, bundle: Bundle, backend: OnnxBackend
) -> None:
    other = OnnxMaker(plan=detector_model(seed=5))
    build_engine(store, bundle, orin_key(bundle), other)
    told: list[str] = []
    with store.open(bundle, "fp32", backend, on_change=told.append):
        await_sentence(told, "runs on the engine built")
    assert "the engine there is does not run" in told[0]
    assert "self-test failed" in told[0]
    found = store.find(bundle, orin_key(bundle))
    assert found is not None
    assert found.plan == bundle.read_model()


def test_no_damaged_plan_is_ever_given_to_be_run(store: EngineStore, bundle: Bundle, backend: OnnxBackend) -> None:
    model = bundle.read_model()
    spoilt = [model[:length] for length in (0, 1, len(model) // 2, len(model) - 1)]
    spoilt += [_flipped(model, bit) for bit in range(0, 8 * len(model), 2 * len(model) + 1)]
    for plan in spoilt:
        kept = build_engine(store, bundle, orin_key(bundle), OnnxMaker(), force=True, test=lambda _: None)
        (store.folder / kept.sidecar.plan).write_bytes(plan)
        told: list[str] = []
        with store.open(bundle, "fp32", backend, on_change=told.append) as runner:
            assert answer(runner)
            await_sentence(told, "runs on the engine built")
        assert "cannot be trusted" in told[0]
    assert set(backend.ran) == {model}


@pytest.mark.parametrize("fault", ["builder", "self-test", "runner", "surprise"])
def test_a_builder_that_fails_leaves_the_model_on_onnx_runtime(
    fault: str, store: EngineStore, bundle: Bundle, backend: OnnxBackend
) -> None:
    makers: dict[str, Maker] = {
        "builder": OnnxMaker(fault=EngineError("out of memory, with 64 MB of workspace")),
        "self-test": OnnxMaker(plan=detector_model(seed=5)),
        "surprise": _surprise,
    }
    backend.maker = makers.get(fault, backend.maker)
    if fault == "runner":
        backend.faults.append(ModelError("the GPU is gone"))
    told: list[str] = []
    with store.open(bundle, "fp32", backend, on_change=told.append) as runner:
        await_sentence(told, "stays on ONNX Runtime")
        assert answer(runner)
        assert not runner.is_engine
    cause = {
        "builder": "out of memory",
        "self-test": "self-test failed",
        "runner": "GPU is gone",
        "surprise": "KeyError",
    }
    assert cause[fault] in told[-1]
    assert store.find(bundle, orin_key(bundle)) is None


def test_an_engine_that_cannot_be_kept_is_used_all_the_same(
    store: EngineStore, bundle: Bundle, backend: OnnxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = backend.run

    def run_and_block(plan: bytes, bundle: Bundle) -> Runner:
        (store.folder / f"small-detector-fp32-{orin_key(bundle).digest}.json").mkdir()
        return run(plan, bundle)

    monkeypatch.setattr(backend, "run", run_and_block)
    told: list[str] = []
    with store.open(bundle, "fp32", backend, on_change=told.append) as runner:
        await_sentence(told, "runs on a new engine that could not be kept: cannot write")
        assert runner.is_engine
        assert answer(runner)
    assert store.sidecars() == ()


def test_closing_the_last_runner_stops_the_build(store: EngineStore, bundle: Bundle, backend: OnnxBackend) -> None:
    backend.maker = OnnxMaker(step_s=1.0)
    told: list[str] = []
    runner = store.open(bundle, "fp32", backend, on_change=told.append)
    lane = runner.sibling()
    runner.close()
    assert answer(lane)
    began_s = time.monotonic()
    lane.close()
    assert time.monotonic() - began_s < 5
    assert "stopped" in told[-1]
    assert not list(store.folder.glob(".build-*"))
    with pytest.raises(ModelError, match="closed"):
        lane.infer()


def test_a_machine_without_a_gpu_says_so_and_runs_on_onnx_runtime(store: EngineStore, bundle: Bundle) -> None:
    def no_runner(*_: object) -> Runner:
        raise AssertionError

    with suppress(DependencyError):
        backend_from_machine(no_runner)
        pytest.skip("this machine has a GPU and TensorRT")
    with store.open(bundle, "fp32", lambda: backend_from_machine(no_runner)) as runner:
        assert runner.reason.startswith("small-detector runs on ONNX Runtime: ")
        assert answer(runner)


def test_a_healing_runner_is_a_runner(store: EngineStore, bundle: Bundle, backend: OnnxBackend) -> None:
    with store.open(bundle, "fp32", backend) as healing:
        runner: Runner = healing
        report = bundle.verify(runner=runner)
        assert report.precision == "fp32"
        assert [spec.name for spec in runner.inputs] == ["image"]
        assert isinstance(runner.sibling(), HealingRunner)


def _held(maker: Maker, go: threading.Event) -> Maker:
    """Return a maker that waits for `go`."""

    def make(onnx: bytes, key: EngineKey, scratch: Path, **options: Any) -> Any:
        assert go.wait(PATIENCE_S)
        return maker(onnx, key, scratch, **options)

    return make


def _surprise(onnx: bytes, key: EngineKey, scratch: Path, **options: Callable[..., Any] | bytes) -> Any:
    del onnx, key, scratch
    return options["no such option"]


def _flipped(content: bytes, bit: int) -> bytes:
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)
