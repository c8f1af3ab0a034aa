# SPDX-License-Identifier: Apache-2.0
"""The pipeline on a GPU against its engines alone: `python -m benchmarks.gpu_pipeline --output FILE --trace FILE`.

Where there is no GPU, the trace of a frame is written and nothing is measured.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.gpu_eager import eager_fps
from benchmarks.gpu_engines import engines_fps, open_engines
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import ZOO, find_bundle
from edge.errors import DependencyError
from edge.frame import Frame
from edge.gpu.backend import GpuBackend
from edge.gpu.frame_slot import MappedFrames
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline import DEFAULT_MODELS, Pipeline
from edge.pipeline.conveyor import Captured
from edge.pipeline.gpu_lane import GpuLane
from edge.pipeline.models import tasks_from_models
from edge.sources.picture import pixels_from_bytes
from edge.tasks.picture import frame_from_picture

Engine = Literal["tensorrt", "torch", "torch-fp16"]
PACKAGES = ("edge-hands", "numpy", "onnxruntime", "pycuda", "torch", "tensorrt", "tensorrt-rtx")
WARM_UP = 30
RING_SLOTS = 8


def main(  # noqa: PLR0917 - options
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
    trace: Annotated[Path | None, typer.Option(help="JSON file for what a frame asks of the device.")] = None,
    engine: Annotated[Engine, typer.Option(help="What runs the models.")] = "tensorrt",
    frames: Annotated[int, typer.Option(help="Frames of each measurement.")] = 2000,
    lanes: Annotated[int, typer.Option(help="Lanes of the pipeline.")] = 3,
    hands: Annotated[int, typer.Option(help="Hands that the second looks take at once.")] = 8,
    side_px: Annotated[int, typer.Option(help="Width of the frames; the height follows at 16 : 9.")] = 1920,
) -> None:
    """Measure on a machine that does nothing else."""
    if trace is not None:
        trace.write_text(json.dumps(trace_of_frame(), indent=1) + "\n", encoding="utf-8")
    try:
        backend = backend_from_engine(engine, hands)
    except DependencyError as error:
        if output is not None:
            raise
        typer.echo(f"nothing is measured: {error}", err=True)
        return
    results = measured(backend, frames=frames, lanes=lanes, picture=picture_of_width(side_px))
    text = json.dumps({"machine": machine(backend), "results": results}, indent=1)
    typer.echo(text)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")


def measured(backend: GpuBackend, *, frames: int, lanes: int, picture: NDArray[np.uint8]) -> dict[str, Any]:
    """Return all measurements for frames like `picture`."""
    results: dict[str, Any] = {
        "engine": backend.engine,
        "frame": list(picture.shape),
        "lanes": lanes,
        "hands_at_once": backend.hands,
        "frames": frames,
    }
    copied = [frame_from_picture(picture) for _ in range(RING_SLOTS)]
    begin_s = time.perf_counter()
    with Pipeline(device=backend, threads=lanes) as pipeline:
        first = next(pipeline.run(copied[:1]))
        results["first_result_s"] = time.perf_counter() - begin_s
        results["hands_in_frame"] = len(first.hands)
    with Pipeline(device=backend, threads=lanes) as pipeline:
        results["pipeline_fps_copied_by_the_host"] = pipeline_fps(pipeline, copied, frames)
    with MappedFrames(backend.gpu, count=RING_SLOTS, size_bytes=picture.nbytes) as mapped:
        in_place = []
        for block in mapped.arrays:
            block.reshape(picture.shape)[...] = picture
            in_place.append(frame_from_picture(block.reshape(picture.shape)))
        there = replace(backend, mapped=mapped)
        with Pipeline(device=there, threads=lanes) as pipeline:
            results["pipeline_fps"] = pipeline_fps(pipeline, in_place, frames)
        with opened_lane(there) as lane:
            results |= host_time(lane, in_place, frames)
        with opened_lane(replace(there, capture=False)) as lane:
            results["host_us_a_frame_without_graph"] = host_time(lane, in_place, frames)["host_us_a_frame"]
    with ExitStack() as opened, backend.gpu.current():
        tasks = tasks_from_models(DEFAULT_MODELS, device="cpu", min_score=None)
        models = {task.name: backend.open_model(Bundle.open(find_bundle(task.name))) for task in tasks}
        engines = [open_engines(opened, tasks, models, backend, copied[0]) for _ in range(lanes)]
        results["engines_fps"] = engines_fps(engines, frames=frames)
    results["pipeline_over_engines"] = results["pipeline_fps"] / results["engines_fps"]
    results["asked_a_frame"] = asked_a_frame()
    try:
        results["torch_eager_fp16_fps"] = eager_fps(picture, hands=backend.hands, frames=max(50, frames // 10))
    except (ImportError, RuntimeError) as error:
        results["torch_eager_fp16_fps"] = f"not measured: {error}"
    return results


def pipeline_fps(pipeline: Pipeline, ring: Sequence[Frame], frames: int) -> float:
    """Return results a second over frames that are there already."""
    run = pipeline.run([ring[number % len(ring)] for number in range(frames + WARM_UP)])
    for _ in range(WARM_UP):
        next(run)
    begin_s = time.perf_counter()
    count = sum(1 for _ in run)
    return count / (time.perf_counter() - begin_s)


def host_time(lane: GpuLane, ring: Sequence[Frame], frames: int) -> dict[str, Any]:
    """Return what one lane's thread spends on a frame, awake, and how long a frame takes on it, in microseconds."""
    captured = [Captured(number, frame, 0.0, 0.0) for number, frame in enumerate(ring)]
    for number in range(WARM_UP):
        lane.result(captured[number % len(ring)])
    awake_us, whole_us = [], []
    for number in range(frames):
        begin_ns, begin_awake_ns = time.perf_counter_ns(), time.thread_time_ns()
        lane.result(captured[number % len(ring)])
        awake_us.append((time.thread_time_ns() - begin_awake_ns) / 1e3)
        whole_us.append((time.perf_counter_ns() - begin_ns) / 1e3)
    place = next(iter(lane._sizes.values()))  # noqa: SLF001 - what is measured is inside
    refusal = place.cascade.refusal
    return {
        "host_us_a_frame": statistics.median(awake_us),
        "latency_us": dict(zip(("p50", "p95", "p99"), np.percentile(whole_us, (50, 95, 99)).tolist(), strict=True)),
        "graph_nodes": place.cascade.nodes,
        "graph_refused": None if refusal is None else str(refusal),
    }


@contextmanager
def opened_lane(backend: GpuBackend) -> Iterator[GpuLane]:
    """Give a lane with the models that ship."""
    with ExitStack() as opened:
        tasks = tasks_from_models(DEFAULT_MODELS, device="cpu", min_score=None)
        models = {}
        for task in tasks:
            models[task.name] = backend.open_model(Bundle.open(find_bundle(task.name)))
            opened.callback(models[task.name].close)
        lane = GpuLane(tasks, models, backend)
        opened.callback(lane.close)
        yield lane


def trace_of_frame() -> dict[str, Any]:
    """Return what a frame asks of the device, from one that records it: its first time, and from the third on."""
    gpu = RecordingGpu()
    frame = frame_from_picture(picture_of_width(1280))
    with opened_lane(GpuBackend(gpu, RecordingModel, "recording")) as lane:
        runs = []
        for _ in range(3):
            gpu.calls.clear()
            lane.result(Captured(0, frame, 0.0, 0.0))
            runs.append([asdict(call) for call in gpu.calls if call.kind != "work"])
    return {"first": runs[0], "captured": runs[1], "steady": runs[2]}


def asked_a_frame() -> dict[str, int]:
    """Return how often a frame asks what of the device in the steady state."""
    return dict(Counter(call["kind"] for call in trace_of_frame()["steady"]))


def picture_of_width(width_px: int) -> NDArray[np.uint8]:
    """Return the picture that the detector is tested with, on grey, 16 : 9 and so wide."""
    content = (ZOO / "hand-detector" / "selftest" / "picture.png").read_bytes()
    picture = pixels_from_bytes(content, origin="selftest/picture.png")
    height_px = width_px * 9 // 16
    scale = min(height_px / picture.shape[0], width_px / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    whole = np.full((height_px, width_px, 3), 114, np.uint8)
    whole[: small.shape[0], : small.shape[1]] = small
    return whole


def backend_from_engine(engine: Engine, hands: int) -> GpuBackend:
    """Return the GPU with this engine. Raises `DependencyError`."""
    from edge.gpu.opening import open_backend, process_gpu

    if engine == "tensorrt":
        return replace(open_backend(), hands=hands)
    gpu = process_gpu()
    from tests.gpu.torch_model import TorchModel

    half = engine == "torch-fp16"
    name = f"PyTorch in {'float16' if half else 'float32'}"
    return GpuBackend(gpu, lambda bundle: TorchModel(bundle, half=half), name, hands=hands)


def machine(backend: GpuBackend) -> dict[str, Any]:
    """Return what was measured on."""
    return {
        "gpu": asdict(backend.gpu.attributes),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    typer.run(main)
