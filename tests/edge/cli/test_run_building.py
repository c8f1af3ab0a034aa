# SPDX-License-Identifier: Apache-2.0
"""`edge-run` while it builds the engines of its models."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from edge.bundle.bundle import Bundle
from edge.cli import run_job
from edge.cli.run_settings import RunSettings
from edge.engines.building import build_engine
from edge.engines.store import EngineStore
from edge.gpu import opening as gpu_opening
from edge.gpu.backend import GpuBackend
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline import opening
from tests.edge.engines.keys import orin_key
from tests.edge.engines.makers import OnnxMaker

MINUTES_S, WITHIN_S = 120.0, 10.0


@pytest.mark.parametrize("device", ["auto", "gpu"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_build_of_an_engine_at_once_and_leaves_nothing(
    number: signal.Signals, device: str, sound_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, gpu = EngineStore(tmp_path / "engines"), RecordingGpu()

    def open_model(bundle: Bundle) -> RecordingModel:
        threading.Timer(0.3, signal.pthread_kill, (threading.get_ident(), number)).start()
        build_engine(store, bundle, orin_key(bundle), OnnxMaker(step_s=MINUTES_S / 50))
        return RecordingModel(bundle)

    monkeypatch.setattr(opening, "driver", lambda: None)
    monkeypatch.setattr(gpu_opening, "open_backend", lambda **_: GpuBackend(gpu, open_model, "test"))
    settings = RunSettings(sources=("test:hands",), models=(str(sound_bundle),), device=device)
    began_s = time.monotonic()
    with pytest.raises(SystemExit) as left:
        run_job.run_job(settings)
    assert left.value.code == 128 + number
    assert time.monotonic() - began_s < WITHIN_S
    assert [path.name for path in store.folder.iterdir() if path.suffix in {".plan", ".json"} or path.is_dir()] == []
    assert gpu.counts() == {}
