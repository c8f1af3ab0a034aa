# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

import edge
from edge.errors import UsageError
from edge.frame import Frame, PixelFormat
from edge.pipeline import Pipeline
from edge.pipeline.conveyor import Captured, Conveyor
from edge.pipeline.following import Following, require_rates
from edge.pipeline.freshness import Freshness
from edge.pipeline.lane import Lane
from edge.pipeline.plan import Plan
from edge.results import FrameResult
from edge.scene import Scene
from edge.sources.arrays import ArraySource
from edge.tracking import TrackingSettings
from tests.edge.pipeline.scripted import NumberedSource, numbered_detector

FPS = 30.0
FRAMES = 24


@pytest.fixture(scope="module")
def clip() -> list[NDArray[np.uint8]]:
    scene = Scene(320, 240, hands=1, seed=2, fps=FPS)
    return [scene.render(number / FPS / 2).bgr for number in range(FRAMES)]


def results_of(
    clip: list[NDArray[np.uint8]], tracking: TrackingSettings | None, *, threads: int = 2, continuous: bool = True
) -> list[FrameResult]:
    with Pipeline(threads=threads, tracking=tracking) as pipeline:
        return list(pipeline.run(ArraySource(clip, fps=FPS, continuous=continuous)))


def detections(results: list[FrameResult]) -> list[int]:
    return [result.frame for result in results if "infer" in result.latency_ms]


def told(results: list[FrameResult]) -> list[object]:
    return [{**result.to_dict(), "latency_ms": None} for result in results]


def test_the_detector_rests_while_hands_are_followed(clip: list[NDArray[np.uint8]]) -> None:
    alone = results_of(clip, None)
    tracked = results_of(clip, TrackingSettings(detect_every_s=0.25, sure_margin=0.0))
    assert len(detections(alone)) == FRAMES
    assert len(detections(tracked)) < FRAMES / 2
    assert max(np.diff(detections(tracked))) <= 0.25 * FPS + 1
    assert sum(len(result.hands) for result in tracked) >= sum(len(result.hands) for result in alone)
    numbers = [hand.track_id for result in tracked for hand in result.hands]
    assert numbers.count(numbers[0]) == len(numbers) > 0


def test_a_recording_gives_the_same_results_again(clip: list[NDArray[np.uint8]]) -> None:
    settings = TrackingSettings(rates={"gesture-classifier": 10})
    assert told(results_of(clip, settings)) == told(results_of(clip, settings))


def test_pictures_are_not_followed(clip: list[NDArray[np.uint8]]) -> None:
    still = results_of(clip[:6], TrackingSettings(), continuous=False)
    assert told(still) == told(results_of(clip[:6], None))
    assert all(hand.track_id is None for result in still for hand in result.hands)


def test_zero_lets_the_detector_look_at_every_frame(clip: list[NDArray[np.uint8]]) -> None:
    results = results_of(clip[:8], TrackingSettings(detect_every_s=0))
    assert len(detections(results)) == 8
    assert all(hand.track_id is not None for result in results for hand in result.hands)


def test_a_task_with_a_rate_runs_that_often_and_its_answer_stands(clip: list[NDArray[np.uint8]]) -> None:
    results = results_of(clip, TrackingSettings(rates={"gesture-classifier": 5}))
    ran = sum("classify" in result.latency_ms for result in results)
    assert FRAMES / FPS * 5 <= ran <= FRAMES / FPS * 5 + 4
    assert all(hand.gesture is not None for result in results[3:] for hand in result.hands)


def test_without_a_keypoint_model_the_detector_never_rests() -> None:
    with Pipeline([numbered_detector()], threads=3) as pipeline:
        source = NumberedSource(20)
        source.continuous = True
        results = list(pipeline.run(source))
    assert [result.frame for result in results] == list(range(20))
    assert len(detections(results)) == 20
    assert all(hand.track_id is not None for result in results for hand in result.hands)


def test_an_error_comes_in_its_place_and_ends_a_followed_run() -> None:
    def fail(number: int) -> None:
        if number == 5:
            raise ValueError("five")

    with Pipeline([numbered_detector(fail)], threads=3) as pipeline:
        source = NumberedSource(20)
        source.continuous = True
        run = pipeline.run(source)
        assert [next(run).frame for _ in range(5)] == list(range(5))
        with pytest.raises(edge.ModelError, match="five"):
            next(run)


@pytest.mark.parametrize(("name", "expected"), [("hand", "models in use"), ("hand-detector", "no rate of its own")])
def test_a_rate_is_for_a_model_that_may_rest(name: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        Pipeline(["hand-detector"], threads=1, tracking=TrackingSettings(rates={name: 5}))


def test_a_gpu_takes_no_rates() -> None:
    require_rates(TrackingSettings(), [], on_gpu=True)
    with pytest.raises(UsageError, match="on a GPU yet"):
        require_rates(TrackingSettings(rates={"gesture-classifier": 5}), [], on_gpu=True)


class _OldFrames(ArraySource):
    """A live source every third frame of which is a second old."""

    live = True

    def __init__(self, count: int) -> None:
        super().__init__([], continuous=True)
        self._count = count

    def frames(self) -> Iterator[Frame]:
        for index in range(self._count):
            time_ns = time.monotonic_ns() - (10**9 if index % 3 == 0 else 0)
            yield Frame(np.zeros((96, 96, 3), np.uint8), PixelFormat.BGR, time_ns, index, "old")


def test_frames_of_a_live_source_that_are_too_old_are_dropped_and_counted() -> None:
    looked_at: list[int] = []
    with Pipeline([numbered_detector(looked_at.append)], threads=1) as pipeline:
        run = pipeline.run(_OldFrames(10), max_frames=9, max_age_ms=900)
        assert [result.frame for result in run] == [1, 2, 4, 5, 7, 8]
        assert run.summary().dropped == {"older than 900 ms": 3}
    assert len(looked_at) == 6


class _Noted(Following):
    """Notes which models rest."""

    def __init__(self, settings: TrackingSettings, source: ArraySource) -> None:
        super().__init__(settings, [], sources=[source], lanes=1, detector_may_rest=False)
        self.resting: list[frozenset[str]] = []

    def plan(self, captured: Captured, **how: bool) -> Plan:
        """Plan it."""
        plan = super().plan(captured, **how)
        self.resting.append(plan.resting)
        return plan


def test_a_frame_that_is_too_old_takes_no_turn_of_a_model() -> None:
    following = _Noted(TrackingSettings(rates={"gesture": 1}), _OldFrames(0))
    conveyor, lane = Conveyor(3), Lane([])
    for turn, age_s in enumerate((1, 0, 0)):
        frame = Frame(np.zeros((9, 9, 3), np.uint8), PixelFormat.BGR, time.monotonic_ns() - age_s * 10**9, 0, "old")
        conveyor.put(frame, time_s=turn / 10, capture_ms=0)
    conveyor.end()
    lane.start(conveyor, name="lane", following=following, freshness=Freshness(900))
    lane.join()
    assert following.resting == [frozenset(), frozenset(), frozenset({"gesture"})]


def test_pictures_of_files_are_followed_where_they_are_continuous() -> None:
    def frame(index: int) -> Frame:
        pixels = np.full((96, 96, 3), index, np.uint8)
        path = None if index % 2 else f"{index}.png"
        return Frame(pixels, PixelFormat.BGR, 0, index, "mixed", path=path, media_time_s=index / FPS)

    source = ArraySource([frame(index) for index in range(6)], continuous=True)
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        assert [result.frame for result in pipeline.run(source)] == list(range(6))


def test_an_age_must_be_one() -> None:
    with Pipeline([numbered_detector()], threads=1) as pipeline, pytest.raises(UsageError, match="max_age_ms"):
        pipeline.run(NumberedSource(1), max_age_ms=0)
