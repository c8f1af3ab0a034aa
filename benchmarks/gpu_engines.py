# SPDX-License-Identifier: Apache-2.0
"""The engines of a pipeline alone, on as many streams as it has lanes, as fast as they go."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from edge.frame import Frame
from edge.gpu.backend import GpuBackend
from edge.gpu.bound_model import BoundModel
from edge.gpu.device import Event, Stream
from edge.gpu.replay import Replay
from edge.preprocess import Preprocessor
from edge.runners.stream_model import StreamModel
from edge.tasks.detector import HandDetector
from edge.tasks.hand_task import HandTask
from edge.tasks.task import Task


@dataclass(frozen=True, slots=True)
class EngineLane:
    """A stream, all engines of a frame as one graph on it, and the event of the last frame."""

    stream: Stream
    replay: Replay
    finished: Event


def open_engines(
    opened: ExitStack, tasks: Sequence[Task], models: Mapping[str, StreamModel], backend: GpuBackend, frame: Frame
) -> EngineLane:
    """Return a lane of the engines alone, bound as a lane of the pipeline binds them for `frame`."""
    gpu = backend.gpu
    stream = opened.enter_context(gpu.stream())
    bound = []
    row_shape: tuple[int, ...]
    for task in tasks:
        if isinstance(task, HandDetector):
            contract = task.contract.picture_input.contract()
            hw = Preprocessor(contract).tensor_hw(frame.width_px, frame.height_px)
            rows, row_shape = 1, (contract.channels, *hw)
        else:
            assert isinstance(task, HandTask)  # noqa: S101 - a pipeline has no others
            rows, row_shape = backend.hands, tuple(task.row_shape)
        model = models[task.name]
        bound.append(BoundModel(task.contract, model, gpu, stream, opened, rows=rows, row_shape=row_shape))

    def work() -> None:
        for one in bound:
            for batch in one:
                batch.execution.enqueue(stream)

    replay = Replay(stream, work, capture=backend.capture)
    opened.callback(replay.close)
    return EngineLane(stream, replay, opened.enter_context(gpu.event()))


def engines_fps(lanes: Sequence[EngineLane], *, frames: int) -> float:
    """Return frames a second; a lane gets its next frame when its last is done."""
    for lane in (*lanes, *lanes, *lanes):
        lane.replay.queue()
        lane.stream.record(lane.finished)
        lane.finished.synchronize()
    begin_s = time.perf_counter()
    for number in range(frames):
        lane = lanes[number % len(lanes)]
        lane.finished.synchronize()
        lane.replay.queue()
        lane.stream.record(lane.finished)
    for lane in lanes:
        lane.finished.synchronize()
    return frames / (time.perf_counter() - begin_s)
