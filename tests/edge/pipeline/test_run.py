# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge.errors import CameraError, ModelError, OutputError, SourceError, UsageError
from edge.pipeline import Pipeline
from edge.pipeline.crew import PREFETCH_FRAMES
from edge.sinks import JsonLinesSink
from tests.edge.pipeline.scripted import NumberedSource, RecordingSink, number_of, numbered_detector, numbered_frame

LANES = 3


def jitter(number: int) -> None:
    time.sleep(random.Random(number).random() * 0.004)


def test_results_come_in_order_and_belong_to_their_frames() -> None:
    with Pipeline([numbered_detector(jitter)], threads=LANES) as pipeline:
        results = list(pipeline.run(NumberedSource(100)))
    assert [result.frame for result in results] == list(range(100))
    assert [number_of(result) for result in results] == list(range(100))


def test_capture_runs_ahead_no_further_than_there_is_room() -> None:
    source = NumberedSource(50)
    with Pipeline([numbered_detector()], threads=LANES) as pipeline, pipeline.run(source) as run:
        for taken, _ in enumerate(run, start=1):
            time.sleep(0.002)
            assert source.asked <= taken + LANES + PREFETCH_FRAMES


def test_max_frames_is_exact_on_both_ends() -> None:
    source = NumberedSource(50)
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        assert len(list(pipeline.run(source, max_frames=7))) == 7
    assert source.asked == 7
    assert source.closed


def test_raising_model_ends_the_run_behind_the_results_before_it() -> None:
    def fail_at_seven(number: int) -> None:
        jitter(number)
        if number == 7:
            raise RuntimeError("no such kernel")

    seen: list[int] = []
    with Pipeline([numbered_detector(fail_at_seven)], threads=LANES) as pipeline:
        with pytest.raises(ModelError, match="small-detector failed on frame 7: no such kernel") as caught:
            seen.extend(result.frame for result in pipeline.run(NumberedSource(100)))
        assert isinstance(caught.value.__cause__, RuntimeError)
        assert seen == list(range(7))
        assert len(list(pipeline.run(NumberedSource(5)))) == 5


def test_raising_source_ends_the_run_behind_the_results_before_it() -> None:
    seen: list[int] = []
    told = "numbered failed: the tape broke"
    with (
        Pipeline([numbered_detector(jitter)], threads=LANES) as pipeline,
        pytest.raises(SourceError, match=told) as caught,
    ):
        seen.extend(result.frame for result in pipeline.run(NumberedSource(100, fail_at=20)))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert seen == list(range(20))


def test_live_source_that_ends_is_a_fault() -> None:
    seen: list[int] = []
    told = "live source numbered ended"
    with Pipeline([numbered_detector()], threads=LANES) as pipeline, pytest.raises(CameraError, match=told):
        seen.extend(result.frame for result in pipeline.run(NumberedSource(10, live=True)))
    assert seen == list(range(10))


def test_leaving_the_loop_ends_every_thread_and_keeps_what_was_delivered(tmp_path: Path) -> None:
    source, sink = NumberedSource(140), RecordingSink(jitter)
    lines = tmp_path / "out.jsonl"
    with Pipeline([numbered_detector(jitter)], threads=LANES) as pipeline:
        for result in pipeline.run(source, sinks=[sink, JsonLinesSink(lines)]):
            if result.frame == 30:
                break
        gc.collect()
        assert sink.closed
        assert [frame.index for frame in sink.frames] == list(range(31))
        assert len(lines.read_text(encoding="utf-8").splitlines()) == 31
        assert source.closed


def test_closing_is_final_and_may_be_repeated() -> None:
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        run = pipeline.run(NumberedSource(100))
        next(run)
        run.close()
        run.close()
        assert list(run) == []


def test_stopping_delivers_what_was_captured() -> None:
    source, sink = NumberedSource(140), RecordingSink()
    with Pipeline([numbered_detector(jitter)], threads=LANES) as pipeline:
        run = pipeline.run(source, sinks=[sink])
        seen = []
        for result in run:
            seen.append(result.frame)
            if result.frame == 10:
                run.stop()
    assert seen == list(range(source.asked))
    assert 10 < len(seen) <= 11 + LANES + PREFETCH_FRAMES
    assert len(sink.frames) == len(seen)


def test_a_run_is_over_before_the_next_begins() -> None:
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        first = pipeline.run(NumberedSource(100))
        with pytest.raises(UsageError, match="is running already"):
            pipeline.run(NumberedSource(100))
        first.close()
        assert len(list(pipeline.run(NumberedSource(9)))) == 9
    with pytest.raises(UsageError, match="is closed"):
        pipeline.run(NumberedSource(1))


def test_frames_reach_sinks_without_a_copy() -> None:
    frames = list(NumberedSource(10).frames())
    sink = RecordingSink()
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        list(pipeline.run(frames, sinks=[sink]))
    assert all(given is frame for given, frame in zip(sink.frames, frames, strict=True))


@pytest.mark.parametrize("odd", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8), "frame", None])
def test_array_that_is_no_frame_is_named(odd: object) -> None:
    told = r"frame 1 must be \(H, W, 3\) or \(H, W\) uint8"
    with Pipeline([numbered_detector()], threads=1) as pipeline, pytest.raises(SourceError, match=told):
        list(pipeline.run([numbered_frame(0), odd]))  # type: ignore[list-item]


def test_raising_sink_ends_the_run_and_other_sinks_keep_theirs(tmp_path: Path) -> None:
    def fail_at_five(number: int) -> None:
        if number == 5:
            raise ValueError("cable cut")

    lines = tmp_path / "out.jsonl"
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run(NumberedSource(140), sinks=[JsonLinesSink(lines), RecordingSink(fail_at_five)])
        with pytest.raises(OutputError, match="recording failed: cable cut") as caught:
            list(run)
    assert isinstance(caught.value.__cause__, ValueError)
    assert len(lines.read_text(encoding="utf-8").splitlines()) >= 6


def test_sink_that_fails_at_the_last_frame_is_still_told() -> None:
    def fail_at_last(number: int) -> None:
        if number == 9:
            raise OutputError("disk full")

    with Pipeline([numbered_detector()], threads=2) as pipeline, pytest.raises(OutputError, match="disk full"):
        list(pipeline.run(NumberedSource(10), sinks=[RecordingSink(fail_at_last)]))


def test_slow_sink_slows_a_recording_and_loses_nothing() -> None:
    sink = RecordingSink(lambda _: time.sleep(0.003))
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run(NumberedSource(60), sinks=[sink])
        assert len(list(run)) == 60
        assert run.summary().dropped == {}
    assert [frame.index for frame in sink.frames] == list(range(60))


def test_slow_sink_never_slows_a_live_source_and_losses_are_counted() -> None:
    gate = threading.Event()
    sink = RecordingSink(lambda _: (gate.wait(5), None)[1])
    source = NumberedSource(60, live=True)
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run(source, max_frames=60, sinks=[sink])
        results = [next(run) for _ in range(60)]
        gate.set()
        assert next(run, None) is None
        dropped = run.summary().dropped
    assert len(results) == 60
    assert dropped == {"recording was too slow": 60 - len(sink.frames)}
    assert len(sink.frames) < 10
    assert sink.frames[-1].index == 59


def test_sink_that_never_returns_is_given_up() -> None:
    gate = threading.Event()
    sink = RecordingSink(lambda _: (gate.wait(60), None)[1])
    sink.stall_timeout_s = 0.2
    told = r"recording made no progress for 0\.2 s"
    with Pipeline([numbered_detector()], threads=LANES) as pipeline, pytest.raises(OutputError, match=told):
        list(pipeline.run(NumberedSource(60), sinks=[sink]))
    gate.set()


def test_sink_that_cannot_open_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    source, other = NumberedSource(60), RecordingSink()
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        with pytest.raises(OutputError, match="No such file or directory"):
            pipeline.run(source, sinks=[other, JsonLinesSink(tmp_path / "nowhere" / "out.jsonl")])
        assert (source.asked, source.closed, other.closed) == (0, True, True)
        assert len(list(pipeline.run(NumberedSource(3)))) == 3


def test_unfinished_run_does_not_keep_the_interpreter() -> None:
    code = """
from edge.pipeline import Pipeline
from tests.edge.pipeline.scripted import NumberedSource, numbered_detector
run = Pipeline([numbered_detector()], threads=2).run(NumberedSource(140))
print(next(run).frame)
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_closing_the_pipeline_ends_its_run() -> None:
    source, sink = NumberedSource(140), RecordingSink()
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run(source, sinks=[sink])
        next(run)
    assert source.closed
    assert len(sink.frames) == 1
    assert list(run) == []
