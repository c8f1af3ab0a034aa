# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError, OutputError, SourceError, UsageError
from edge.pipeline import Pipeline, crew, sink_thread
from tests.edge.pipeline.scripted import NumberedSource, RecordingSink, numbered_detector, numbered_frame


class Gate:
    """Holds whoever passes until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: int) -> None:
        self.reached.set()
        assert self.opened.wait(30)


class SinkFailingAtItsEnd(RecordingSink):
    """Cannot finish what it wrote."""

    def close(self) -> None:
        """Raise."""
        raise OutputError("the video is not whole")


def fail(_: int) -> None:
    raise RuntimeError("no such kernel")


def test_a_run_is_over_only_when_its_lanes_are_however_long_a_frame_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "JOIN_TIMEOUT_S", 0.01)
    gate = Gate()
    with Pipeline([numbered_detector(gate)], threads=1) as pipeline:
        run = pipeline.run(NumberedSource(3))
        assert gate.reached.wait(10)
        closer = threading.Thread(target=run.close)
        closer.start()
        closer.join(0.2)
        assert closer.is_alive()
        with pytest.raises(UsageError, match="still at work on a frame of an earlier run"):
            pipeline.run(NumberedSource(3))
        gate.opened.set()
        closer.join(10)
        assert len(list(pipeline.run(NumberedSource(3)))) == 3


def test_models_are_closed_only_behind_the_frame_they_are_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "JOIN_TIMEOUT_S", 0.01)
    gate = Gate()
    pipeline = Pipeline([numbered_detector(gate)], threads=1)
    run = pipeline.run(NumberedSource(3))
    assert gate.reached.wait(10)
    closer = threading.Thread(target=pipeline.close)
    closer.start()
    closer.join(0.2)
    assert closer.is_alive()
    gate.opened.set()
    closer.join(10)
    assert list(run) == []


def test_source_that_does_not_end_is_named_and_leaves_the_lanes_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "JOIN_TIMEOUT_S", 0.05)
    gate = threading.Event()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        yield numbered_frame(0)
        gate.wait(30)

    with Pipeline([numbered_detector()], threads=2) as pipeline:
        run = pipeline.run(pictures())
        next(run)
        with pytest.raises(SourceError, match="source arrays was closed and did not end its frame within"):
            run.close()
        assert len(list(pipeline.run(NumberedSource(5)))) == 5
    gate.set()


def test_sink_that_fails_after_the_loop_was_left_is_told() -> None:
    def leave_at_once() -> None:
        for _ in pipeline.run(NumberedSource(20), sinks=[SinkFailingAtItsEnd()]):
            break
        gc.collect()

    with Pipeline([numbered_detector()], threads=2) as pipeline:
        with pytest.warns(RuntimeWarning, match="the video is not whole"):
            leave_at_once()
        assert len(list(pipeline.run(NumberedSource(5)))) == 5


def test_failing_model_and_failing_sink_are_both_told() -> None:
    with (
        Pipeline([numbered_detector(fail)], threads=2) as pipeline,
        pytest.warns(RuntimeWarning, match="the video is not whole"),
        pytest.raises(ModelError, match="no such kernel"),
    ):
        list(pipeline.run(NumberedSource(5), sinks=[SinkFailingAtItsEnd()]))


def test_every_failing_sink_is_told() -> None:
    with (
        Pipeline([numbered_detector()], threads=2) as pipeline,
        pytest.warns(RuntimeWarning) as told,
        pytest.raises(OutputError, match="recording failed: no such kernel"),
    ):
        list(pipeline.run(NumberedSource(5), sinks=[SinkFailingAtItsEnd(fail), SinkFailingAtItsEnd()]))
    assert [str(warning.message) for warning in told] == ["the video is not whole"] * 2


def test_one_fault_is_told_once() -> None:
    told = "recording failed: no such kernel"
    with Pipeline([numbered_detector()], threads=2) as pipeline, pytest.raises(OutputError, match=told):
        list(pipeline.run(NumberedSource(20), sinks=[RecordingSink(fail)]))


def test_error_of_the_user_is_not_replaced_and_the_models_are_released() -> None:
    pipeline = Pipeline([numbered_detector()], threads=2)

    def raise_in_the_middle() -> None:
        with pipeline:
            run = pipeline.run(NumberedSource(20), sinks=[SinkFailingAtItsEnd()])
            raise KeyError(next(run).frame)

    with pytest.warns(RuntimeWarning, match="the video is not whole"), pytest.raises(KeyError):
        raise_in_the_middle()
    with pytest.raises(UsageError, match="is closed"):
        pipeline.run(NumberedSource(1))


def test_closing_the_pipeline_raises_what_its_run_left_and_releases_the_models() -> None:
    pipeline = Pipeline([numbered_detector()], threads=2)
    run = pipeline.run(NumberedSource(20), sinks=[SinkFailingAtItsEnd()])
    next(run)
    with pytest.raises(OutputError, match="the video is not whole"):
        pipeline.close()
    pipeline.close()
    with pytest.raises(UsageError, match="is closed"):
        pipeline.run(NumberedSource(1))


def test_sink_that_stalls_at_its_end_does_not_hide_what_it_said_before() -> None:
    gate = threading.Event()

    class Stalling(RecordingSink):
        stall_timeout_s = 1.0

        def close(self) -> None:
            gate.wait(30)

    def fail_at_four(number: int) -> None:
        if number == 4:
            raise OutputError("disk full")

    with (
        Pipeline([numbered_detector()], threads=2) as pipeline,
        pytest.warns(RuntimeWarning, match="made no progress"),
        pytest.raises(OutputError, match="disk full"),
    ):
        list(pipeline.run(NumberedSource(5), sinks=[Stalling(fail_at_four)]))
    gate.set()


class PatientlyReadSink(RecordingSink):
    """Writes to somebody who may take as long as he likes."""

    stall_timeout_s = None


def test_sink_without_a_limit_is_waited_for_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_thread, "_LOOK_S", 0.01)
    monkeypatch.setattr(sink_thread, "STOPPED_TIMEOUT_S", 0.01)
    gate, numbers = Gate(), iter(range(30))
    sink = PatientlyReadSink(gate)
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        run = pipeline.run(NumberedSource(30), sinks=[sink])
        taker = threading.Thread(target=lambda: [next(numbers) for _ in run])
        taker.start()
        taker.join(0.3)
        assert taker.is_alive()
        gate.opened.set()
        taker.join(30)
    assert len(sink.frames) == 30
    assert next(numbers, None) is None


def test_stopping_does_not_wait_for_the_reader_of_a_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_thread, "STOPPED_TIMEOUT_S", 0.01)
    gate, other = Gate(), RecordingSink()
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        run = pipeline.run(NumberedSource(140), sinks=[PatientlyReadSink(gate), other])

        def stop_when_reached() -> None:
            gate.reached.wait(10)
            run.stop()

        threading.Thread(target=stop_when_reached).start()
        with pytest.warns(RuntimeWarning, match="recording was not read to its end when the run was stopped"):
            taken = len(list(run))
    assert len(other.frames) == taken < 140
    gate.opened.set()


def test_used_source_is_refused_and_a_used_sink_is_not() -> None:
    source, sink = NumberedSource(3), RecordingSink()
    with Pipeline([numbered_detector()], threads=1) as pipeline:
        assert len(list(pipeline.run(source, sinks=[sink]))) == 3
        with pytest.raises(UsageError, match="source numbered was used by an earlier run; open it again"):
            pipeline.run(source)
        assert len(list(pipeline.run(NumberedSource(2), sinks=[sink]))) == 2
    assert len(sink.frames) == 5
