# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from edge.errors import OutputError
from edge.frame import Frame, PixelFormat
from edge.results import FrameResult, Hands
from edge.sinks.encoded_video import EncodedVideoSink, video_sink
from edge.sinks.video import VideoSink
from edge.sources import open_source
from edge.sources.arrays import ArraySource
from tests.edge.bundles import noisy_picture

FPS = 10.0
WH = (64, 48)
ENDINGS = [".mp4", ".mkv"]


def source() -> ArraySource:
    return ArraySource([], fps=FPS)


def write(sink: EncodedVideoSink, *numbers: int, time_s: float | None = None, wh: tuple[int, int] = WH) -> None:
    for number in numbers:
        pixels = np.ascontiguousarray(noisy_picture(*wh, seed=number))
        frame = Frame(pixels, PixelFormat.BGR, time_ns=0, index=number, source="test")
        at_s = number / FPS if time_s is None else time_s
        sink.write(frame, FrameResult("test", None, number, at_s, *wh, Hands.empty()))


def times_in(file: Path) -> list[float]:
    with av.open(str(file)) as container:
        return [round(float(frame.time or 0.0), 3) for frame in container.decode(video=0)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_frames_are_read_back_at_their_times(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"o{ending}"
    sink = EncodedVideoSink(file)
    sink.open(source())
    write(sink, *range(5))
    write(sink, 5, time_s=1.7, wh=(40, 40))
    sink.close()
    assert times_in(file) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 1.7], abs=0.002)
    with open_source(file) as opened:
        assert sum(1 for _ in opened.frames()) == 6


def test_video_of_a_run_that_goes_on_leaves_the_older_ones(tmp_path: Path) -> None:
    for times in (1, 2, 3):
        sink = video_sink(tmp_path / "clip.mp4", keeps=True)
        assert isinstance(sink, EncodedVideoSink)
        sink.open(source())
        write(sink, *range(times))
        sink.close()
    assert {file.name: len(times_in(file)) for file in tmp_path.iterdir()} == {
        "clip.mp4": 1,
        "clip-1.mp4": 2,
        "clip-2.mp4": 3,
    }


@pytest.mark.parametrize("ending", ENDINGS)
def test_killed_program_leaves_a_video(tmp_path: Path, repo_root: Path, ending: str) -> None:
    file = tmp_path / f"o{ending}"
    code = f"""
import os, signal
from tests.edge.sinks.test_encoded_video import *
sink = EncodedVideoSink({str(file)!r})
sink.open(source())
write(sink, *range(45))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=repo_root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    times = times_in(file)
    assert len(times) >= 45 - 2 * FPS
    assert times == pytest.approx([number / FPS for number in range(len(times))], abs=0.002)


@pytest.mark.parametrize("room_bytes", [10, 100, 20_000])
@pytest.mark.parametrize("ending", ENDINGS)
def test_full_disk_is_told_and_what_is_before_can_be_read(tmp_path: Path, ending: str, room_bytes: int) -> None:
    file = tmp_path / f"o{ending}"
    sink = EncodedVideoSink(file)
    sink.open(source())
    write(sink, *range(30))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + room_bytes, before[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot be written: File too large; of \d+ frames") as first:
            write(sink, *range(30, 200))
        with pytest.raises(OutputError) as second:
            write(sink, 200)
        sink.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert second.value is first.value
    times = times_in(file)
    assert len(times) >= 30 - 2 * FPS
    assert times == pytest.approx([number / FPS for number in range(len(times))], abs=0.002)


def test_file_that_got_no_frame_is_not_left_behind(tmp_path: Path) -> None:
    sink = EncodedVideoSink(tmp_path / "o.mp4")
    sink.open(source())
    sink.close()
    assert not list(tmp_path.iterdir())


def test_other_containers_are_written_by_opencv(tmp_path: Path) -> None:
    kinds = {ending: type(video_sink(tmp_path / f"o{ending}")) for ending in (".mp4", ".MKV", ".avi", ".webm")}
    assert kinds == {
        ".mp4": EncodedVideoSink,
        ".MKV": EncodedVideoSink,
        ".avi": VideoSink,
        ".webm": VideoSink,
    }
