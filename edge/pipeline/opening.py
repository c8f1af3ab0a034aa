# SPDX-License-Identifier: Apache-2.0
"""From the models and the device that a user names to lanes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.device import Device, DeviceName, device_from_name
from edge.errors import DependencyError, EdgeError, UsageError
from edge.gpu.driver import driver
from edge.pipeline.lane import Lane
from edge.pipeline.models import tasks_from_models
from edge.pipeline.threads import default_threads
from edge.tasks.task import Task

if TYPE_CHECKING:
    from edge.gpu.backend import GpuBackend
    from edge.runners.stream_model import StreamModel

LANES_ON_GPU = 3
"""One frame is copied, one is worked on, one is read."""

Models = Sequence[str | Path | Task]


@dataclass(frozen=True, slots=True)
class OpenedLanes:
    """Lanes that share loaded models, and the processor they run on; `shared` is closed after all lanes."""

    lanes: list[Lane]
    device: Device
    shared: ExitStack


def open_lanes(
    models: Models, *, device: str | GpuBackend, threads: int | None, min_score: float | None
) -> OpenedLanes:
    """Return lanes for `models`.

    A GPU that is named `auto` is used when it gives the same answers as the processor on a picture that ships with the
    detector; a `GpuBackend` is used as it is.

    Raises:
        UsageError: the device is unknown, or models do not go together, or not with a GPU.
        BundleError: a model cannot be loaded.
        DependencyError: the device is not there.
        ModelError: the GPU that was asked for gives other answers.
    """
    if not isinstance(device, str):
        return _on_gpu(models, device, threads, min_score)
    if device == DeviceName.cpu:
        return _on_cpu(models, device_from_name(device), threads, min_score)
    device_from_name(device)
    return _on_named_gpu(models, device, threads, min_score)


def _on_cpu(models: Models, device: Device, threads: int | None, min_score: float | None) -> OpenedLanes:
    first = Lane(tasks_from_models(models, device="cpu", min_score=min_score))
    lanes = [first, *(first.sibling() for _ in range(1, threads or default_threads()))]
    return OpenedLanes(lanes, device, ExitStack())


def _on_named_gpu(models: Models, name: str, threads: int | None, min_score: float | None) -> OpenedLanes:
    may_do_without = name == DeviceName.auto
    try:
        driver()
    except DependencyError:
        if not may_do_without:
            raise
        return _on_cpu(models, Device("cpu", "there is no NVIDIA GPU with its driver"), threads, min_score)
    try:
        from edge.gpu.opening import open_backend

        return _on_gpu(models, open_backend(cpu_may_take_over=may_do_without), threads, min_score)
    except EdgeError as error:
        if not may_do_without:
            raise
        return _on_cpu(models, Device("cpu", f"no GPU is used: {error}"), threads, min_score)


def _on_gpu(models: Models, backend: GpuBackend, threads: int | None, min_score: float | None) -> OpenedLanes:
    from edge.gpu.cascade import divided
    from edge.pipeline.agreement import require_agreement
    from edge.pipeline.gpu_lane import GpuLane

    bundles = _bundles(models)
    with ExitStack() as opened, ExitStack() as made:
        on_gpu: dict[str, StreamModel] = {}

        def lane(of: GpuBackend, until: ExitStack) -> GpuLane:
            new = GpuLane([task.sibling() for task in processor.tasks], on_gpu, of)
            until.callback(new.close)
            return new

        with ExitStack() as trial:
            processor = Lane(tasks_from_models(models, device="cpu", min_score=min_score))
            trial.callback(processor.close)
            divided(processor.tasks)  # before engines are built in vain
            for bundle in bundles:
                on_gpu[bundle.manifest.name] = model = backend.open_model(bundle)
                opened.callback(model.close)
            tried = lane(replace(backend, cpu_may_take_over=False), trial)
            require_agreement(tried, processor, _detector(bundles))
            lanes: list[Lane] = [lane(backend, made) for _ in range(threads or LANES_ON_GPU)]
        made.pop_all()
        reason = f"{backend.engine} on {backend.gpu.attributes.name} gives the processor's answers"
        return OpenedLanes(lanes, Device("gpu", reason), opened.pop_all())


def _bundles(models: Models) -> list[Bundle]:
    opened = next((model for model in models if isinstance(model, Task)), None)
    if opened is not None:
        raise UsageError(f"{opened.name} was loaded already and stays where it runs; name its bundle to use a GPU")
    return [Bundle.open(find_bundle(model)) for model in models if not isinstance(model, Task)]


def _detector(bundles: Sequence[Bundle]) -> Bundle:
    return next(bundle for bundle in bundles if bundle.manifest.task == "detector")
