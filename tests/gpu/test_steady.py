# SPDX-License-Identifier: Apache-2.0
"""What a lane asks of the device for a frame, once it has seen a few of the size."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from edge.gpu.backend import GpuBackend
from edge.gpu.recording import Call, RecordingGpu
from edge.gpu.recording_model import RecordingModel
from edge.pipeline import DEFAULT_MODELS
from edge.pipeline.agreement import difference, hands_in
from edge.tasks.picture import frame_from_picture
from tests.gpu.lanes import lanes, shipped_pictures

STEADY = ["graph", "record", "synchronize"]
MANY = 10_000


def asked(gpu: RecordingGpu) -> list[Call]:
    return [call for call in gpu.calls if call.kind != "work"]


@pytest.mark.parametrize(("integrated", "copies"), [(False, ["copy in"]), (True, [])])
def test_a_frame_is_one_graph_one_wait_and_no_allocation(integrated: bool, copies: list[str]) -> None:
    gpu = RecordingGpu(integrated=integrated)
    frame = frame_from_picture(shipped_pictures()[0])
    with lanes(GpuBackend(gpu, RecordingModel, "test")) as (_, (lane,)):
        for _ in range(2):
            hands_in(frame, lane)
        gpu.calls.clear()
        for _ in range(3):
            hands_in(frame, lane)
        assert [call.kind for call in asked(gpu)] == [*copies, *STEADY] * 3


def test_the_host_waits_for_nothing_before_the_end_of_a_frame() -> None:
    """A pose is told before the second look drops hands, as its keypoints are in the order of before."""
    gpu = RecordingGpu()
    frame = frame_from_picture(shipped_pictures()[0])
    detector, classifier, keypoints = DEFAULT_MODELS
    models = (*DEFAULT_MODELS, pose := "hand-pose")
    with lanes(GpuBackend(gpu, RecordingModel, "test", capture=False), models) as (_, (lane,)):
        hands_in(frame, lane)
        gpu.calls.clear()
        hands_in(frame, lane)
        names = [f"{call.kind} {call.detail}".strip() for call in asked(gpu)]
    assert names[0].startswith("copy in")
    assert names[1:] == [
        "clear 4 bytes",
        "launch edge_warp_frame_bgr",
        f"execute {detector}",
        "launch edge_decode_boxes",
        "launch edge_warp_crops_bgr",
        f"execute {keypoints}",
        "launch edge_locate_simcc",
        "launch edge_probability_of",
        "launch edge_normalise_keypoints",
        f"execute {pose}",
        "launch edge_best_classes",
        "launch edge_join_second_look",
        "launch edge_warp_crops_bgr",
        f"execute {classifier}",
        "launch edge_best_classes",
        "launch edge_best_classes",
        "launch edge_probability_of",
        next(name for name in names if name.startswith("copy out")),
        "record",
        "synchronize event",
    ]


def test_lanes_have_work_in_flight_at_the_same_time() -> None:
    """Two frames are queued before anybody waits, and each gets its own answer, whoever waits first."""
    gpu = RecordingGpu()
    pictures = shipped_pictures()[:2]
    with lanes(GpuBackend(gpu, RecordingModel, "test"), count=2) as (processor, pair):
        frames = [frame_from_picture(picture) for picture in pictures]
        expected = [hands_in(frame, processor) for frame in frames]
        for waiting in ((0, 1), (1, 0), (1, 0)):
            with gpu.current():
                places = [lane._place(frame) for lane, frame in zip(pair, frames, strict=True)]
                gpu.calls.clear()
                for place, frame in zip(places, frames, strict=True):
                    place.cascade.queue(place.slot.place(frame))
                assert not [call for call in gpu.calls if call.kind in {"work", "synchronize"}]
                assert {call.stream for call in gpu.calls} == {lane._stream.handle for lane in pair}
                for number in waiting:
                    pair[number]._wait()
                    assert difference(places[number].cascade.tell(), expected[number]) is None


def test_many_frames_leave_nothing_behind(small_cascade: tuple[str, ...]) -> None:
    gpu = RecordingGpu()
    noise = np.random.default_rng(5).integers(0, 256, (64, 96, 3), np.uint8)
    frame = frame_from_picture(noise)
    with lanes(GpuBackend(gpu, RecordingModel, "test"), small_cascade) as (processor, (lane,)):
        expected = hands_in(frame, processor)
        assert len(expected) > 0
        for _ in range(3):
            hands_in(frame, lane)
        opened = dict(gpu.counts())
        kinds: Counter[str] = Counter()
        for _ in range(MANY // 100):
            gpu.calls.clear()
            for _ in range(100):
                hands = hands_in(frame, lane)
            kinds.update(call.kind for call in asked(gpu))
        assert difference(hands, expected) is None
        assert dict(gpu.counts()) == opened
        assert kinds == Counter(dict.fromkeys((*STEADY, "copy in"), MANY))
