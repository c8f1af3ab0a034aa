# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import resource
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import OutputError, UsageError
from edge.frame import Frame, PixelFormat, Pixels
from edge.results import FrameResult, Hands
from edge.sinks import VideoSink, video
from edge.sources.arrays import ArraySource

SOURCE = ArraySource([], fps=25.0)
HANDS = Hands(np.array([[200, 150, 400, 350]], np.float32), np.array([0.9], np.float32))


def live_source() -> ArraySource:
    source = ArraySource([], fps=10.0)
    source.live = True
    return source


class RatelessSource(ArraySource):
    """Frames of which nobody says how many there are a second."""

    def __init__(self) -> None:
        super().__init__([])
        del self.fps


def write(
    sink: VideoSink, pixels: Pixels, *, time_s: float = 0.0, hands: Hands | None = None, path: str | None = None
) -> None:
    frame = Frame(pixels, PixelFormat.BGR if pixels.ndim == 3 else PixelFormat.GRAY, 0, 0, "test", path)
    sink.write(frame, FrameResult("test", path, 0, time_s, frame.width_px, frame.height_px, hands or Hands.empty()))


def read(path: Path) -> tuple[list[cv2.typing.MatLike], float]:
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = []
    while (answer := reader.read())[0]:
        frames.append(answer[1])
    return frames, reader.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi", ".webm", ".MP4"])
def test_every_frame_is_in_the_file_at_the_rate_of_the_source(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"out{ending}"
    sink = VideoSink(file)
    sink.open(SOURCE)
    for shade in range(0, 200, 10):
        write(sink, np.full((480, 640, 3), shade, np.uint8))
    sink.close()
    frames, fps = read(file)
    assert len(frames) == 20
    assert fps == 25.0
    assert [int(frame[240, 320].mean()) for frame in frames] == pytest.approx(list(range(0, 200, 10)), abs=6)


def test_hands_are_drawn_and_the_frame_is_left_alone(tmp_path: Path) -> None:
    pixels = np.full((480, 640, 3), 128, np.uint8)
    pixels.flags.writeable = False
    sink = VideoSink(tmp_path / "out.mkv")
    sink.open(SOURCE)
    write(sink, pixels, hands=HANDS)
    sink.close()
    ((frame,), _) = read(tmp_path / "out.mkv")
    drawn = np.abs(frame.astype(int) - 128).max(axis=2) > 40
    rows, columns = np.nonzero(drawn)
    assert (columns.min(), rows.max(), columns.max()) == pytest.approx((199, 351, 401), abs=4)
    assert not drawn[170:340, 220:380].any()
    assert (pixels == 128).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 300, 3), (101, 33), (5000, 40, 3), (300, 9000, 3)])
def test_any_size_gives_a_video_that_plays(tmp_path: Path, shape: tuple[int, ...]) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    write(sink, np.zeros(shape, np.uint8))
    sink.close()
    frames, _ = read(tmp_path / "out.mp4")
    assert len(frames) == 1
    assert 640 <= max(frames[0].shape) <= 3840


def test_frames_of_another_size_are_fitted_in(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    for shape in ((480, 640, 3), (480, 240, 3), (1000, 2000, 3)):
        write(sink, np.full(shape, 200, np.uint8))
    sink.close()
    frames, _ = read(tmp_path / "out.mp4")
    assert [frame.shape for frame in frames] == [(480, 640, 3)] * 3
    assert frames[1][200, 20].max() < 30
    assert frames[1][200, 320].min() > 170
    assert frames[2][20, 320].max() < 30


def test_live_source_plays_at_the_speed_of_life(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(live_source())
    for time_s in (0.0, 0.01, 0.02, 0.5, 2.0):
        write(sink, np.full((480, 640, 3), int(time_s * 100), np.uint8), time_s=time_s)
    sink.close()
    frames, fps = read(tmp_path / "out.mp4")
    assert fps == 10.0
    assert len(frames) == 21


def test_recording_of_a_rate_that_varies_keeps_its_times_and_every_frame(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(ArraySource([], fps=10.0))
    shades = {7.0: 0, 7.1: 40, 7.5: 80, 7.51: 120, 7.52: 160, 8.0: 200}
    for time_s, shade in shades.items():
        write(sink, np.full((480, 640, 3), shade, np.uint8), time_s=time_s)
    sink.close()
    frames, _ = read(tmp_path / "out.mp4")
    expected = [0, 40, *[80] * 4, 120, 160, *[200] * 3]
    assert [int(frame[240, 320].mean()) for frame in frames] == pytest.approx(expected, abs=6)


@pytest.mark.parametrize(("rate", "digits"), [(10.0, 9), (24000 / 1001, 3), (30.0, 3), (59.94, 3)])
def test_recording_of_a_steady_rate_has_every_frame_once(tmp_path: Path, rate: float, digits: int) -> None:
    sink = VideoSink(tmp_path / "out.avi")
    sink.open(ArraySource([], fps=rate))
    for number in range(50):
        write(sink, np.zeros((64, 64, 3), np.uint8), time_s=round(number / rate, digits))
    sink.close()
    assert len(read(tmp_path / "out.avi")[0]) == 50


@pytest.mark.parametrize("times_s", [(0.0, 1e9), (0.0, 5.0), (1e9, 0.0, 5.0)])
def test_time_stamp_far_ahead_does_not_fill_the_file(tmp_path: Path, times_s: tuple[float, ...]) -> None:
    sink = VideoSink(tmp_path / "out.avi")
    sink.open(SOURCE)
    for time_s in times_s:
        write(sink, np.zeros((64, 64, 3), np.uint8), time_s=time_s)
    sink.close()
    assert len(read(tmp_path / "out.avi")[0]) == 5 * 25 + 1


def test_pictures_follow_each_other_by_the_second_and_a_recording_of_unknown_rate_does_not(tmp_path: Path) -> None:
    for path, expected in (("one.png", (3, 1.0)), (None, (31, 30.0))):
        sink = VideoSink(tmp_path / "out.mp4")
        sink.open(RatelessSource())
        for number in range(3):
            write(sink, np.zeros((64, 64, 3), np.uint8), time_s=0.0 if path else number / 2, path=path)
        sink.close()
        frames, fps = read(tmp_path / "out.mp4")
        assert (len(frames), fps) == expected


def test_file_that_got_no_frame_is_not_left_behind(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    sink.close()
    assert not (tmp_path / "out.mp4").exists()


def test_unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in one of \.mp4, \.mkv, \.avi, \.webm"):
        VideoSink(tmp_path / "out.gif")


def test_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out\.mp4 cannot be opened: No such file or directory"):
        VideoSink(tmp_path / "nowhere" / "out.mp4").open(SOURCE)


def test_disk_that_is_nearly_full_ends_the_video_while_it_can_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    pixels = np.zeros((480, 640, 3), np.uint8)
    for _ in range(30):
        write(sink, pixels)
    monkeypatch.setattr(video, "RESERVE_BYTES", 1 << 62)
    for _ in range(2):
        with pytest.raises(OutputError, match=r"was ended because the disk is full, .*: it holds 30 of the 30 frames"):
            write(sink, pixels)
    sink.close()
    assert len(read(tmp_path / "out.mp4")[0]) == 30


def test_disk_that_somebody_else_filled_is_told_once_and_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    pixels = np.zeros((480, 640, 3), np.uint8)
    for _ in range(30):
        write(sink, pixels)
    monkeypatch.setattr(video, "RESERVE_BYTES", 1 << 62)
    monkeypatch.setattr(video, "_frames_declared", lambda _: 0)
    with pytest.raises(OutputError, match=r"because the disk is full, .*: it holds 0 of the 30 frames written to it"):
        write(sink, pixels)
    sink.close()


def test_disk_that_filled_unseen_is_found_at_the_end(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    noise = np.random.default_rng(0)
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
        for _ in range(20):
            write(sink, noise.integers(0, 255, (480, 640, 3), np.uint8))
        with pytest.raises(OutputError, match="of the 20 frames written to it: the disk is full"):
            sink.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)


def test_older_file_stays_until_the_first_frame(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    file.write_bytes(b"precious")
    sink = VideoSink(file)
    sink.open(SOURCE)
    sink.close()
    assert file.read_bytes() == b"precious"


def test_sink_can_be_used_for_another_run(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    for count in (4, 2):
        sink.open(SOURCE)
        for number in range(count):
            write(sink, np.zeros((64, 64, 3), np.uint8), time_s=number / 25)
        sink.close()
        sink.close()
        assert len(read(tmp_path / "out.mp4")[0]) == count


def test_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sink = VideoSink("2026-11-21T13:46:00.mp4")
    sink.open(SOURCE)
    write(sink, np.zeros((64, 64, 3), np.uint8))
    sink.close()
    assert len(read(tmp_path / "2026-11-21T13:46:00.mp4")[0]) == 1


def test_name_that_is_not_utf_8_is_refused_and_not_left_behind(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "o\udcff.mp4")
    with pytest.raises(OutputError, match="must have a name in UTF-8"):
        sink.open(SOURCE)
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_file_that_was_deleted_is_told_so(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4")
    sink.open(SOURCE)
    write(sink, np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "out.mp4").unlink()
    with pytest.raises(OutputError, match=r"out\.mp4 was deleted or renamed while it was written"):
        sink.close()
