# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import pytest

from edge.pipeline import Pipeline, conveyor, sink_thread
from tests.edge.pipeline.scripted import SIDE_PX, NumberedSource, RecordingSink, numbered_detector

LANES = 4
FRAME_BYTES = SIDE_PX * SIDE_PX * 3


@pytest.fixture(params=[1, FRAME_BYTES, 3 * FRAME_BYTES])
def most_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    for module in (conveyor, sink_thread):
        monkeypatch.setattr(module, "MAX_HELD_BYTES", request.param)
    return int(request.param)


def test_frames_on_their_way_are_bounded_in_bytes(most_bytes: int) -> None:
    source = NumberedSource(40)
    with Pipeline([numbered_detector()], threads=LANES) as pipeline, pipeline.run(source) as run:
        for taken, _ in enumerate(run, start=1):
            assert source.asked <= taken + max(1, most_bytes // FRAME_BYTES)
        assert taken == 40


def test_frames_that_wait_for_a_sink_are_bounded_in_bytes(most_bytes: int) -> None:
    gate = threading.Event()
    sink = RecordingSink(lambda _: (gate.wait(10), None)[1])
    source = NumberedSource(20, live=True)
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run(source, max_frames=20, sinks=[sink])
        assert len([next(run) for _ in range(20)]) == 20
        gate.set()
        assert next(run, None) is None
        dropped = run.summary().dropped["recording was too slow"]
    # One more than waits: the one that is being written.
    assert len(sink.frames) == 20 - dropped <= 1 + max(1, most_bytes // FRAME_BYTES)


def test_a_recording_loses_nothing_however_little_may_wait(most_bytes: int) -> None:
    sink = RecordingSink()
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        assert len(list(pipeline.run(NumberedSource(30), sinks=[sink]))) == 30
    assert len(sink.frames) == 30
    assert most_bytes
