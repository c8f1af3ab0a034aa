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
class BareLane:
    """The runners of one thread; the detector's input is written, `crop_shape` is that of one crop (C, H, W)."""

    detector: Runner
    classifier: Runner
    crop_input: str
    crop_shape: tuple[int, int, int]

    def infer_all(self, hand_counts: Iterator[int], taking: threading.Lock) -> None:
        """Run both networks for each of `hand_counts`, shared with the other lanes."""
        while True:
            with taking:
                hands = next(hand_counts, None)
            if hands is None:
                return
            self.detector.infer()
            if hands:
                self.classifier.input_buffer(self.crop_input, (hands, *self.crop_shape))
                self.classifier.infer()


def bare_lanes(picture: Picture, threads: int) -> list[BareLane]:
    """Return a lane for each thread."""
    lanes = []
    for _ in range(threads):
        detector, classifier = load("hand-detector", device="cpu"), load("gesture-classifier", device="cpu")
        detector.prepare(frame_from_picture(picture), Hands.empty())
        crop = classifier.contract.input
        crop_shape = crop.channels, crop.height_px, crop.width_px
        lanes.append(BareLane(detector.runner, classifier.runner, crop.name, crop_shape))
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
