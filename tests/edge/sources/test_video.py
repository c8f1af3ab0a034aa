# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.frame import Frame
from edge.sources.mp4_boxes import missing_from_mp4
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


def test_recording_that_ends_early_keeps_its_frames_and_is_told(tmp_path: Path) -> None:
    content = write_video(tmp_path / "whole.mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(content[: len(content) // 2])
    with VideoSource(cut) as source:
        kept: list[Frame] = []
        with pytest.raises(SourceError, match=rf"of {FRAMES} frames could be decoded, and their results are kept"):
            kept.extend(source.frames())
    assert 0 < len(kept) < FRAMES


def test_text_in_a_video_name_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "notes.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"hello " * 100)
    with pytest.raises(SourceError, match="cannot open video"):
        VideoSource(file)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (b"\x00\x00\x00\x10ftypisomisom" + b"\x00\x00\x00\x08moov", None),
        (b"\x00\x00\x00\x10ftypisomisom" + b"\x00\x00\x01\x08moov", "256 of 280 bytes"),
        (b"\x00\x00\x00\x10ftypisomisom" + b"\x00\x00\x00\x04moov", "readable data"),
        (b"\x1a\x45\xdf\xa3 matroska and so on", None),
        (b"", "its index (moov), which a recorder writes last"),
    ],
)
def test_boxes_tell_what_is_missing(tmp_path: Path, content: bytes, missing: str | None) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert missing_from_mp4(file) == missing


def test_closing_from_another_thread_ends_the_frames_quietly(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "clip.mp4", frames=200))
    frames = source.frames()
    next(frames)
    closer = threading.Thread(target=source.close)
    closer.start()
    rest = sum(1 for _ in frames)
    closer.join()
    assert rest < 200
