# SPDX-License-Identifier: Apache-2.0
"""Several sources in one run."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from edge.errors import SourceError, UsageError
from edge.frame import Frame, PixelFormat
from edge.pipeline import Pipeline
from edge.sinks import VideoSink
from edge.sources import Source
from edge.sources.live import LiveSource
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.reconnect import Reconnect
from edge.sources.supervision import Patience, SourceState
from tests.edge.pipeline.scripted import NumberedSource, RecordingSink, number_of, numbered_detector, numbered_frame
from tests.edge.sources.scripted_reader import Device

LANES = 2


class PacedSource(Source):
    """A live source that has a new frame every so often, and waits for ever once it has none."""

    live = True

    def __init__(self, name: str, *, every_s: float, count: int | None = None) -> None:
        self.name, self._every_s, self._count = name, every_s, count
        self._ended = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame."""
        begin_s = time.monotonic()
        shown = -1
        while not self._ended.wait(0.001):
            newest = int((time.monotonic() - begin_s) / self._every_s)
            if newest > shown and (self._count is None or newest < self._count):
                shown = newest
                pixels = numbered_frame(newest % 100)
                yield Frame(pixels, PixelFormat.BGR, time.monotonic_ns(), newest, self.name)

    def stop(self) -> None:
        """Wake whoever waits."""
        self._ended.set()

    close = stop


def named(count: int, name: str) -> NumberedSource:
    source = NumberedSource(count)
    source.name = name
    return source


def test_results_of_each_source_are_its_own() -> None:
    sink = RecordingSink()
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        results = list(pipeline.run_all([named(40, "a"), named(25, "b")], sinks=[sink]))
    for name, count in (("a", 40), ("b", 25)):
        own = [result for result in results if result.source == name]
        assert [result.frame for result in own] == [number_of(result) for result in own] == list(range(count))
        assert [result.time_s for result in own] == pytest.approx([number / 30 for number in range(count)])
    assert [(frame.source, frame.index) for frame in sink.frames] == [(r.source, r.frame) for r in results]


def test_results_come_in_the_order_of_capture() -> None:
    sink = RecordingSink()
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        sources = [PacedSource("a", every_s=0.01), PacedSource("b", every_s=0.007)]
        run = pipeline.run_all(sources, sinks=[sink], max_frames=40)
        assert sum(1 for _ in run) == 80
        assert run.summary().dropped.keys() <= {"recording was too slow"}
    captured_ns = [frame.time_ns for frame in sink.frames]
    late = sum(after < before for before, after in pairwise(captured_ns))
    assert late <= len(captured_ns) // 10, "two capture threads may pass each other within a moment only"


@pytest.mark.parametrize("live_first", [True, False])
def test_no_source_starves_under_load(*, live_first: bool) -> None:
    """Two lanes can do 200 frames a second; a recording offers as many as it is asked for, and two cameras 100 each."""
    sources: list[Source] = [PacedSource("a", every_s=0.01), PacedSource("b", every_s=0.01), named(144, "file")]
    with Pipeline([numbered_detector(lambda _: time.sleep(0.01))], threads=LANES) as pipeline:
        counts: Counter[str] = Counter()
        for result in pipeline.run_all(sources if live_first else sources[::-1]):
            counts[result.source] += 1
            if counts.total() == 120:
                break
    assert min(counts.values()) > 120 / 3 / 2, counts


def test_dead_camera_takes_no_room_from_another() -> None:
    def frames_in(seconds: float, *others: Source) -> int:
        with Pipeline([numbered_detector(lambda _: time.sleep(0.01))], threads=LANES) as pipeline:
            end_s = time.monotonic() + seconds
            run = pipeline.run_all([PacedSource("alive", every_s=0.001), *others])
            return sum(1 for _ in iter(lambda: time.monotonic() < end_s and next(run), False))

    alone = frames_in(0.4)
    beside_dead = frames_in(0.4, *(PacedSource(f"dead {number}", every_s=0.01, count=1) for number in range(3)))
    assert beside_dead > 0.7 * alone


def test_camera_that_comes_and_goes_leaves_the_others_alone() -> None:
    device = Device(every_s=0.005)
    fails = threading.Event()

    def refuse() -> None:
        if fails.is_set():
            raise ReaderError("cam is absent", reason=FaultReason.not_found)

    device.on_open = refuse
    patience = Patience(backoff_s=(0.05,), stall_s=0.5)
    live = LiveSource("cam", device.open, patience=patience, reconnect=Reconnect.always)
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run_all([live, PacedSource("other", every_s=0.005)])
        counts: Counter[str] = Counter()
        for result in run:
            counts[result.source] += 1
            if counts["cam"] == 10 and not fails.is_set():
                fails.set()
                device.cut()
                counts["other"] = 0
            if counts["other"] == 40:
                (status,) = run.statuses()
                assert status.state in {SourceState.absent, SourceState.opening}
                break
        assert run.summary().to_dict()["sources"][0]["reason"] == "not_found"


def test_stopping_ends_a_run_whose_camera_is_dead() -> None:
    with Pipeline([numbered_detector()], threads=LANES) as pipeline:
        run = pipeline.run_all([PacedSource("dead", every_s=0.01, count=3), named(5, "file")])
        threading.Timer(0.2, run.stop).start()
        assert sum(1 for _ in run) >= 5


def test_first_error_ends_the_run() -> None:
    broken = NumberedSource(50, fail_at=5)
    broken.name = "broken"
    with (
        Pipeline([numbered_detector()], threads=LANES) as pipeline,
        pytest.raises(SourceError, match="broken failed: the tape broke"),
    ):
        list(pipeline.run_all([broken, named(140, "whole")]))


def test_several_sources_are_named_apart(tmp_path: Path) -> None:
    with Pipeline([numbered_detector()], threads=1) as pipeline:
        with pytest.raises(UsageError, match="numbered is there twice"):
            pipeline.run_all([NumberedSource(3), NumberedSource(3)])
        with pytest.raises(UsageError, match=r"run_all takes a list of sources, got 'clip.mp4'"):
            pipeline.run_all("clip.mp4")
        with pytest.raises(UsageError, match=r"video file .* takes one source, got 2; run once for each"):
            pipeline.run_all([named(3, "a"), named(3, "b")], sinks=[VideoSink(tmp_path / "out.mp4")])
        assert not (tmp_path / "out.mp4").exists()
        assert len(list(pipeline.run_all([named(3, "a")]))) == 3
