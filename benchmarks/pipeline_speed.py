# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline over frames in memory against its bare networks on the same threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import numpy.typing as npt

from benchmarks.comparison import Comparison, in_turns
from edge.frame import Frame
from edge.pipeline import Pipeline
from edge.pipeline.models import tasks_from_models
from edge.pipeline.pipeline import DEFAULT_MODELS
from edge.results import Hands
from edge.runners import Runner
from edge.tasks import Task
from edge.tasks.picture import frame_from_picture

Picture = npt.NDArray[np.uint8]
FRAMES = 300


def compare_pipeline(pictures: Sequence[Picture], *, threads: int, rounds: int) -> Comparison:
    """Compare frames a second over `pictures` (H, W, 3) uint8, again and again as the slots of a camera's ring.

    The networks alone run on as many crops as in the pipeline.
    """
    ring = [frame_from_picture(picture) for picture in pictures]
    frames = list(islice(cycle(ring), FRAMES))
    tasks = tasks_from_models(DEFAULT_MODELS, device="cpu", min_score=None)
    crops = list(islice(cycle([crops_of(tasks, frame) for frame in ring]), FRAMES))
    lanes = bare_lanes(tasks, ring[0], threads)
    with Pipeline(threads=threads) as pipeline:
        hands = np.mean([len(result.hands) for result in pipeline.run(frames)])
        return in_turns(
            f"frames in memory, {threads} threads, {hands:.1f} hands a frame",
            ours=("pipeline", lambda: _pipeline_fps(pipeline, frames)),
            theirs=("its networks alone", lambda: bare_fps(lanes, crops)),
            unit="FPS",
            rounds=rounds,
        )


def crops_of(tasks: Sequence[Task], frame: Frame) -> tuple[int, ...]:
    """Return how many crops each task after the detector looks at."""
    hands, crops = Hands.empty(), []
    for task in tasks:
        if task.needs_hands:
            crops.append(len(hands))
        task.prepare(frame, hands)
        task.infer()
        hands = task.kept(task.decode())
    return tuple(crops)


@dataclass(frozen=True, slots=True)
class CropNetwork:
    """A network that looks at crops: its runner, and name and shape (C, H, W) of its input."""

    runner: Runner
    name: str
    shape: tuple[int, int, int]

    def infer(self, crops: int) -> None:
        """Run it on a batch of whatever lies in its input."""
        self.runner.input_buffer(self.name, (crops, *self.shape))
        self.runner.infer()


@dataclass(frozen=True, slots=True)
class BareLane:
    """The networks of one thread; the detector's input is written."""

    detector: Runner
    of_crops: tuple[CropNetwork, ...]

    def infer_all(self, frames: Iterator[tuple[int, ...]], taking: threading.Lock) -> None:
        """Run all networks for each of `frames`, shared with the other lanes: numbers of crops, one a network."""
        while True:
            with taking:
                crops = next(frames, None)
            if crops is None:
                return
            self.detector.infer()
            for network, count in zip(self.of_crops, crops, strict=True):
                if count:
                    network.infer(count)


def bare_lanes(tasks: Sequence[Task], frame: Frame, threads: int) -> list[BareLane]:
    """Return a lane for each thread, its detector ready for the frame."""
    lanes = []
    for _ in range(threads):
        detector, *others = (task.sibling() for task in tasks)
        detector.prepare(frame, Hands.empty())
        inputs = [(other.runner, other.contract.picture_input) for other in others]
        networks = (CropNetwork(run, crop.name, (crop.channels, crop.height_px, crop.width_px)) for run, crop in inputs)
        lanes.append(BareLane(detector.runner, tuple(networks)))
    return lanes


def bare_fps(lanes: Sequence[BareLane], crops: Sequence[tuple[int, ...]]) -> float:
    """Return the frames a second of inference alone; a lane takes the next frame when it comes free."""
    waiting, taking = iter(crops), threading.Lock()
    workers = [threading.Thread(target=lane.infer_all, args=(waiting, taking)) for lane in lanes]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(crops) / (time.perf_counter() - begin)


def _pipeline_fps(pipeline: Pipeline, frames: Sequence[Frame]) -> float:
    begin = time.perf_counter()
    count = sum(1 for _ in pipeline.run(frames))
    return count / (time.perf_counter() - begin)
