# SPDX-License-Identifier: Apache-2.0
"""Lanes on every device that there is, and the pictures they are tried with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import ZOO, find_bundle, shipped_names
from edge.errors import DependencyError
from edge.gpu.backend import GpuBackend
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline.gpu_lane import GpuLane
from edge.pipeline.lane import Lane
from edge.pipeline.models import tasks_from_models
from edge.sources.picture import pixels_from_bytes

DEVICES = ("recording", "recording integrated", "recording torch", "cuda")
ON_GPU = tuple(name for name in shipped_names() if name != "hand-segmenter")
"""The models that ship, but for the one that a GPU refuses."""
Models = Sequence[str | Path]


def open_backend(device: str, **options: Any) -> GpuBackend:
    """Return a backend; skip or fail the test where there is no such device."""
    if device == "cuda":
        return replace(_gpu_with_torch(), **options)
    gpu = RecordingGpu(integrated="integrated" in device)
    if "torch" in device:
        from tests.gpu.torch_model import TorchModel

        return GpuBackend(gpu, lambda bundle: TorchModel(bundle, device="cpu"), "PyTorch", **options)
    return GpuBackend(gpu, RecordingModel, "ONNX Runtime", **options)


@cache
def _gpu_with_torch() -> GpuBackend:
    from tests.gpu.torch_model import TorchModel

    try:
        from edge.gpu.opening import process_gpu

        gpu = process_gpu()
    except DependencyError as error:
        if os.environ.get("FAIL_WITHOUT_GPU", "0") not in {"", "0"}:
            pytest.fail(f"FAIL_WITHOUT_GPU is set: {error}")
        pytest.skip(str(error))
    return GpuBackend(gpu, TorchModel, "PyTorch")


@contextmanager
def lanes(
    backend: GpuBackend, models: Models = ON_GPU, *, count: int = 1, min_score: float | None = None
) -> Iterator[tuple[Lane, list[GpuLane]]]:
    """Give a lane of the processor and so many of `backend`, with the same models; nothing may be left of them."""
    before = dict(backend.gpu.counts())
    with ExitStack() as opened:
        tasks = tasks_from_models(models, device="cpu", min_score=min_score)
        processor = Lane(tasks)
        opened.callback(processor.close)
        on_gpu = {}
        for model in models:
            bundle = Bundle.open(find_bundle(model))
            on_gpu[bundle.manifest.name] = backend.open_model(bundle)
            opened.callback(on_gpu[bundle.manifest.name].close)
        given = []
        for _ in range(count):
            given.append(GpuLane([task.sibling() for task in tasks], on_gpu, backend))
            opened.callback(given[-1].close)
        yield processor, given
    left = dict(backend.gpu.counts())
    assert left == before, left
    if isinstance(backend.gpu, RecordingGpu):
        assert backend.gpu.violations == [], backend.gpu.violations


@cache
def shipped_pictures() -> tuple[NDArray[np.uint8], ...]:
    """Return the pictures that ship with the models, of different sizes."""
    return tuple(
        pixels_from_bytes((ZOO / name / "selftest" / "picture.png").read_bytes(), origin=name)
        for name in shipped_names()
    )
