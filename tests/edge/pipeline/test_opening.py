# SPDX-License-Identifier: Apache-2.0
"""Where a GPU is refused, before anything is built for it, and what `auto` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundle.bundle import Bundle
from edge.errors import UsageError
from edge.gpu import opening as gpu_opening
from edge.gpu.backend import GpuBackend
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline import Pipeline, opening
from tests.edge.bundles import segmenter_contract, segmenter_model, write_small_bundle

MASKING = ("hand-detector", "hand-segmenter")


def test_masks_are_refused_before_an_engine_is_built() -> None:
    gpu = RecordingGpu()
    built: list[Bundle] = []

    def build(bundle: Bundle) -> RecordingModel:
        built.append(bundle)
        return RecordingModel(bundle)

    with pytest.raises(UsageError, match=r"a GPU tells no masks, which hand-segmenter is for.*--device cpu"):
        Pipeline(MASKING, device=GpuBackend(gpu, build, "test"))
    assert built == []
    assert gpu.counts() == {}


def test_a_segmenter_of_pictures_without_a_detector_is_refused(tmp_path: Path) -> None:
    fields = segmenter_contract().input.model_dump() | {"fit": "stretch", "crop_margin": 0.0}
    bundle = write_small_bundle(tmp_path / "segmenter", segmenter_contract(input=fields), segmenter_model())
    gpu = RecordingGpu()
    with pytest.raises(UsageError, match=r"a GPU runs one HandDetector.*small-segmenter.*use --device cpu"):
        Pipeline([bundle.path], device=GpuBackend(gpu, RecordingModel, "test"))
    assert gpu.counts() == {}


def test_auto_takes_the_processor_for_masks_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = GpuBackend(RecordingGpu(), RecordingModel, "test")
    monkeypatch.setattr(opening, "driver", lambda: None)
    monkeypatch.setattr(gpu_opening, "open_backend", lambda **_: backend)
    with Pipeline(MASKING, device="auto", threads=1) as pipeline:
        assert pipeline.device.name == "cpu"
        assert "no GPU is used: a GPU tells no masks" in pipeline.device.reason
