# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.config import Config
from edge.config.sink_settings import JsonLinesSettings
from edge.config.source_settings import SourceSettings
from edge.configured_run import ConfiguredRun
from edge.errors import OutputError, UsageError
from edge.pipeline import Pipeline
from edge.pipeline.source_news import SourceNews
from edge.sources.live import LiveSource
from edge.sources.live_reader import Capture
from edge.sources.source import Source
from edge.sources.status import SourceStatus
from edge.sources.supervision import Patience, SourceState
from tests.edge.pipeline.scripted import NumberedSource, RecordingSink, numbered_detector
from tests.edge.sources.scripted_reader import Device, ScriptedReader, wait_until


class _SlowSink(RecordingSink):
    """Takes its time to open and to close, and lost something."""

    def open(self, source: Source) -> None:  # noqa: ARG002 - the shape of `Sink.open`
        """Take a while."""
        time.sleep(0.1)

    def close(self) -> None:
        """Take a while."""
        time.sleep(0.1)
        super().close()

    @property
    def lost(self) -> Mapping[str, int]:
        """One."""
        return {"the network was gone": 1}


class _BrokenSink(RecordingSink):
    """Cannot be opened."""

    def open(self, source: Source) -> None:  # noqa: ARG002 - the shape of `Sink.open`
        """Fail."""
        raise OutputError("disk is full")


def test_no_result_is_lost_while_sinks_are_exchanged() -> None:
    sinks = [_SlowSink() for _ in range(4)]
    with Pipeline([numbered_detector()], threads=2) as pipeline:
        run = pipeline.run(NumberedSource(100), sinks=sinks[:1])

        def exchange() -> None:
            run.exchange_sinks(sinks[:1], sinks[1:2])
            with pytest.raises(OutputError, match="full"):
                run.exchange_sinks(sinks[1:2], [sinks[2], _BrokenSink()], instead=lambda: sinks[3:])

        next(run)
        other = threading.Thread(target=exchange)
        other.start()
        for _ in run:
            time.sleep(0.005)
        other.join()
    assert all(sink.closed for sink in sinks)
    assert sinks[1].frames
    assert [frame.index for sink in sinks for frame in sink.frames] == list(range(100))
    assert run.summary().dropped == {"recording: the network was gone": 3}


class _StuckReader(ScriptedReader):
    """Does not come back from a read before its time."""

    def __init__(self, device: Device, released: threading.Event) -> None:
        super().__init__(device)
        self._released = released

    def read(self, timeout_s: float) -> Capture:
        """Hang."""
        self._released.wait(10)
        return super().read(timeout_s)


def test_sources_that_hang_are_waited_for_together_and_after_the_sinks() -> None:
    released, sink = threading.Event(), RecordingSink()
    calm = Patience(first_frame_s=30, stall_s=30)
    sources = [
        LiveSource(f"cam{number}", lambda: _StuckReader(Device(), released), patience=calm) for number in range(4)
    ]
    closed_after_s: list[float] = []
    with Pipeline([numbered_detector()], threads=1) as pipeline:
        run = pipeline.run_all([*sources, NumberedSource(2)], sinks=[sink])
        next(run)
        begin_s = time.monotonic()
        sink.close = lambda: closed_after_s.append(time.monotonic() - begin_s)  # type: ignore[method-assign]
        run.close()
        for source in sources:
            source.close()
        took_s = time.monotonic() - begin_s
    released.set()
    assert took_s < 2
    assert closed_after_s[0] < 0.5


def test_a_used_source_leaves_the_others_unused() -> None:
    fresh, used = NumberedSource(3), NumberedSource(3)
    fresh.name = "fresh"
    used.used = True
    with Pipeline([numbered_detector()], threads=1) as pipeline:
        with pytest.raises(UsageError, match="earlier run"):
            pipeline.run_all([fresh, used])
        assert not fresh.closed
        assert len(list(pipeline.run(fresh))) == 3


def test_sources_that_a_pipeline_opened_are_closed_when_it_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = NumberedSource(3)
    opened.name = "opened"
    monkeypatch.setattr("edge.pipeline.pipeline.open_source", lambda _: opened)
    used = NumberedSource(3)
    used.used = True
    with Pipeline([numbered_detector()], threads=1) as pipeline, pytest.raises(UsageError, match="earlier run"):
        pipeline.run_all(["clip.mp4", used])
    assert opened.closed
    assert not used.closed


def test_states_are_told_again_when_asked_to() -> None:
    told: list[tuple[str, str]] = []
    absent = SourceStatus("cam", SourceState.absent, 0, None, None, 0, None, None, {}, {}, 0)
    with SourceNews(lambda: [absent], lambda *news: told.append(news)) as news:
        wait_until(lambda: len(told) == 1)
        news.repeat()
        wait_until(lambda: len(told) == 2)
    assert told == [("cam", "absent")] * 2


def test_a_run_goes_on_with_other_sinks(tmp_path: Path) -> None:
    def config(name: str) -> Config:
        sink = JsonLinesSettings(type="jsonl", path=tmp_path / name)
        return Config(sources=(SourceSettings(uri="test:hands"),), max_frames=6, sinks=(sink,))

    with ConfiguredRun(config("a.jsonl")) as run:
        next(run)
        run.apply(config("b.jsonl"))
        for _ in run:
            pass
    lines = [(tmp_path / name).read_text().splitlines() for name in ("a.jsonl", "b.jsonl")]
    assert len(lines[0]) == 1
    assert len(lines[0]) + len(lines[1]) == 6
