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
from edge.pipeline.pipeline import DEFAULT_MODELS
from edge.results import Hands
from edge.runners import Runner
from edge.tasks import load
from edge.tasks.picture import frame_from_picture

Picture = npt.NDArray[np.uint8]
FRAMES = 300


def compare_pipeline(pictures: Sequence[Picture], *, threads: int, rounds: int) -> Comparison:
    """Compare frames a second over `pictures` (H, W, 3) uint8, again and again as the slots of a camera's ring.

    The networks alone see the hands that the pipeline found.
    """
    frames = list(islice(cycle([frame_from_picture(picture) for picture in pictures]), FRAMES))
    with Pipeline(threads=threads) as pipeline:
        hand_counts = [len(result.hands) for result in pipeline.run(frames)]
        lanes = bare_lanes(pictures[0], threads)
        return in_turns(
            f"frames in memory, {threads} threads, {np.mean(hand_counts):.1f} hands a frame",
            ours=("pipeline", lambda: _pipeline_fps(pipeline, frames)),
            theirs=("its networks alone", lambda: bare_fps(lanes, hand_counts)),
            unit="FPS",
            rounds=rounds,
        )


@dataclass(frozen=True, slots=True)
class CropNetwork:
    """A network that looks at crops: its runner, and name and shape (C, H, W) of its input."""

    runner: Runner
    name: str
    shape: tuple[int, int, int]

    def infer(self, hands: int) -> None:
        """Run it on a batch of whatever lies in its input."""
        self.runner.input_buffer(self.name, (hands, *self.shape))
        self.runner.infer()


@dataclass(frozen=True, slots=True)
class BareLane:
    """The networks of one thread; the detector's input is written."""

    detector: Runner
    of_crops: tuple[CropNetwork, ...]

    def infer_all(self, hand_counts: Iterator[int], taking: threading.Lock) -> None:
        """Run all networks for each of `hand_counts`, shared with the other lanes."""
        while True:
            with taking:
                hands = next(hand_counts, None)
            if hands is None:
                return
            self.detector.infer()
            for network in self.of_crops if hands else ():
                network.infer(hands)


def bare_lanes(picture: Picture, threads: int) -> list[BareLane]:
    """Return a lane for each thread."""
    lanes = []
    for _ in range(threads):
        detector, *others = (load(name, device="cpu") for name in DEFAULT_MODELS)
        detector.prepare(frame_from_picture(picture), Hands.empty())
        inputs = [(other.runner, other.contract.picture_input) for other in others]
        networks = (CropNetwork(run, crop.name, (crop.channels, crop.height_px, crop.width_px)) for run, crop in inputs)
        lanes.append(BareLane(detector.runner, tuple(networks)))
    return lanes


def bare_fps(lanes: Sequence[BareLane], hand_counts: Sequence[int]) -> float:
    """Return the frames a second of inference alone; a lane takes the next frame when it comes free."""
    waiting, taking = iter(hand_counts), threading.Lock()
    workers = [threading.Thread(target=lane.infer_all, args=(waiting, taking)) for lane in lanes]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(hand_counts) / (time.perf_counter() - begin)


def _pipeline_fps(pipeline: Pipeline, frames: Sequence[Frame]) -> float:
    begin = time.perf_counter()
    count = sum(1 for _ in pipeline.run(frames))
    return count / (time.perf_counter() - begin)
