# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct
import threading
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.frame import Frame
from edge.sources.video import VideoSource

FRAMES, FPS = 40, 10.0
WH = (96, 64)


def write_video(path: Path, frames: int = FRAMES, codec: str = "mp4v") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), FPS, WH)
    noise = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(noise.integers(0, 255, (*WH[::-1], 3), np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi"])
def test_every_frame_comes_with_its_time(tmp_path: Path, name: str) -> None:
    with VideoSource(write_video(tmp_path / name)) as source:
        frames = list(source.frames())
        assert source.frame_count == FRAMES
        assert source.fps == FPS
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [frame.media_time_s for frame in frames] == pytest.approx([index / FPS for index in range(FRAMES)], abs=1e-3)
    assert all((frame.width_px, frame.height_px) == WH for frame in frames)


def test_frames_handed_out_are_not_written_again(tmp_path: Path) -> None:
    with VideoSource(write_video(tmp_path / "clip.mp4")) as source:
        frames = source.frames()
        first = next(frames)
        before = first.pixels.copy()
        assert any(not np.array_equal(frame.pixels, before) for frame in frames)
        assert np.array_equal(first.pixels, before)


def test_real_video_has_rising_times(data_dir: Path) -> None:
    with VideoSource(data_dir / "videos" / "aditya_demo.mp4") as source:
        times_s = [frame.media_time_s or 0.0 for frame in source.frames()]
        assert len(times_s) == source.frame_count
    assert all(later > earlier for earlier, later in pairwise(times_s))


def test_mp4_without_its_index_is_told_truncated(tmp_path: Path) -> None:
    content = write_video(tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    for part in (0.1, 0.5, 0.9):
        cut.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(SourceError, match=r"truncated, missing its index"):
            VideoSource(cut)


@pytest.mark.parametrize(
    ("ending", "codec", "told"),
    [
        (".mkv", "mp4v", r"\d+ of \d+ bytes are missing"),
        (".webm", "VP80", r"\d+ of \d+ bytes are missing"),
        (".avi", "MJPG", rf"\d+ of {FRAMES} frames could be decoded"),
        (".flv", "FLV1", r"it ends at \d\.\d of 4\.0 s"),
    ],
)
def test_recording_that_ends_early_keeps_its_frames_and_is_told(
    tmp_path: Path, ending: str, codec: str, told: str
) -> None:
    content = write_video(tmp_path / f"whole{ending}", codec=codec).read_bytes()
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(content[: len(content) // 2])
    with VideoSource(cut) as source:
        kept: list[Frame] = []
        with pytest.raises(SourceError, match=f"truncated or damaged: {told}; the results of .* frames are kept"):
            kept.extend(source.frames())
    assert 0 < len(kept) < FRAMES


def test_index_before_the_pictures_does_not_hide_that_some_are_missing(tmp_path: Path) -> None:
    content = write_video(tmp_path / "whole.mp4").read_bytes()
    at = content.index(b"mdat") - 4
    end = at + int.from_bytes(content[at : at + 4], "big")
    # The index is moved to the front, as for streaming, and what it says of places in the file with it.
    index, media = bytearray(content[end:]), content[at:end]
    table = index.index(b"stco")
    for entry in range(table + 12, table + 12 + 4 * int.from_bytes(index[table + 8 : table + 12], "big"), 4):
        index[entry : entry + 4] = (int.from_bytes(index[entry : entry + 4], "big") + len(index)).to_bytes(4, "big")
    file = tmp_path / "stream.mp4"
    file.write_bytes(content[:at] + index + media)
    assert len(list(VideoSource(file).frames())) == FRAMES
    file.write_bytes(content[:at] + index + media[: len(media) // 2])
    with pytest.raises(SourceError, match=rf"\d+ of {FRAMES} frames could be decoded"):
        list(VideoSource(file).frames())


@pytest.mark.parametrize("rest", [bytes(5000), b"\xff" * 37, b"recorded in the garden, " * 9, b"AAAAAAAA" * 5])
def test_bytes_behind_a_whole_recording_do_no_harm(tmp_path: Path, rest: bytes) -> None:
    file = write_video(tmp_path / "clip.mp4")
    file.write_bytes(file.read_bytes() + rest)
    with VideoSource(file) as source:
        assert len(list(source.frames())) == FRAMES


def test_uncompressed_recording_is_whole(tmp_path: Path) -> None:
    with VideoSource(write_video(tmp_path / "clip.y4m", codec="I420")) as source:
        assert len(list(source.frames())) == FRAMES


@pytest.mark.parametrize(("ending", "codec"), [(".mkv", "mp4v"), (".webm", "VP80")])
def test_duration_times_rate_is_no_number_of_frames(tmp_path: Path, ending: str, codec: str) -> None:
    content = write_video(tmp_path / f"clip{ending}", codec=codec).read_bytes()
    at = content.index(b"\x44\x89\x88") + 3  # Duration, a double
    (duration,) = struct.unpack_from(">d", content, at)
    # Fewer frames than that: the rate varies, or the sound goes on for longer.
    file = tmp_path / f"varying{ending}"
    file.write_bytes(content[:at] + struct.pack(">d", 3 * duration) + content[at + 8 :])
    with VideoSource(file) as source:
        assert source.frame_count == 3 * FRAMES
        assert len(list(source.frames())) == FRAMES


def test_text_in_a_video_name_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "notes.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"hello " * 100)
    with pytest.raises(SourceError, match="cannot open video"):
        VideoSource(file)


def test_picture_and_time_are_read_in_one_breath(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VideoSource(write_video(tmp_path / "clip.mp4", frames=3)) as source:
        capture, reading = source._capture, source._reading

        class Watched:
            def read(self) -> object:
                assert reading.locked()
                return capture.read()

            def get(self, number: int) -> float:
                assert reading.locked()
                return capture.get(number)

            def release(self) -> None:
                assert reading.locked()
                capture.release()

        monkeypatch.setattr(source, "_capture", Watched())
        assert len(list(source.frames())) == 3


def test_closing_from_another_thread_ends_the_frames_quietly(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "clip.mp4", frames=200))
    frames = source.frames()
    next(frames)
    closer = threading.Thread(target=source.close)
    closer.start()
    rest = sum(1 for _ in frames)
    closer.join()
    assert rest < 200


@pytest.mark.parametrize("name", ["bad\udcff.mp4", "2026-11-21T13:46:00.mp4", "concat:a|b.avi"])
def test_any_name_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / f"clip{Path(name).suffix}").rename(name)
    with VideoSource(Path(name)) as source:
        frames = list(source.frames())
    assert len(frames) == FRAMES
    assert frames[0].source == name.replace("\udcff", "\N{REPLACEMENT CHARACTER}")


def damaged_video(path: Path, *, at: float, length: float) -> Path:
    """Write a video with noise in its pictures from one part of the file on, and its index whole."""
    content = bytearray(write_video(path).read_bytes())
    begin, end = (int(part * len(content)) for part in (at, at + length))
    content[begin:end] = np.random.default_rng(1).integers(0, 255, end - begin, np.uint8).tobytes()
    path.write_bytes(content)
    return path


def test_damaged_frames_are_passed_over_and_counted(tmp_path: Path) -> None:
    with VideoSource(damaged_video(tmp_path / "clip.mp4", at=0.4, length=0.03)) as source:
        frames = list(source.frames())
        lost = source.dropped["damaged"]
    assert 0 < lost <= 2
    assert len(frames) == FRAMES - lost
    assert frames[-1].index == FRAMES - 1
    assert [frame.media_time_s for frame in frames] == pytest.approx([frame.index / FPS for frame in frames])


def test_recording_with_many_damaged_frames_is_read_to_its_end_and_told(tmp_path: Path) -> None:
    with VideoSource(damaged_video(tmp_path / "clip.mp4", at=0.4, length=0.2)) as source:
        frames: list[Frame] = []
        with pytest.raises(SourceError, match=rf"\d+ of {FRAMES} frames could be decoded"):
            frames.extend(source.frames())
        assert len(frames) + source.dropped["damaged"] == FRAMES
    assert frames[-1].index == FRAMES - 1
