# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import EdgeError, SourceError, UsageError
from edge.sources import open_source
from edge.sources.signature import file_kind


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.mp4", b"", r"empty \(0 bytes\)"),
        ("notes.mp4", b"dear diary\n" * 100, "neither a video"),
        ("program", b"\x7fELF" + bytes(100), "neither a video"),
        ("photo.heic", b"\x00\x00\x00\x18ftypheic" + bytes(100), "neither a video"),
    ],
)
def test_file_that_is_nothing_is_told_what_was_expected(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SourceError, match=told):
        open_source(file)


def test_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "holiday.mp4").touch()
    with pytest.raises(SourceError, match=r"does not exist.*did you mean .*holiday\.mp4"):
        open_source(tmp_path / "holidy.mp4")


def test_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="not a regular file"):
        open_source(tmp_path / "pipe")


@pytest.mark.parametrize("uri", ["ftp://host/clip.mp4", "tset:hands"])
def test_unknown_scheme_lists_the_known_ones(uri: str) -> None:
    with pytest.raises(UsageError, match=r"unknown scheme .* test:hands"):
        open_source(uri)


def test_name_with_a_colon_can_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("test:me.png")
    file.write_bytes(cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes())
    assert open_source("test:me.png").frame_count == 1


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    file = tmp_path / "really_a_picture.mp4"
    file.write_bytes(cv2.imencode(".jpg", np.zeros((4, 4, 3), np.uint8))[1].tobytes())
    with open_source(str(file)) as source:
        (frame,) = source.frames()
    assert frame.source == str(file)
    assert frame.path == file.name


def test_real_files_are_what_they_are(data_dir: Path) -> None:
    for video in (data_dir / "videos").iterdir():
        assert file_kind(video.read_bytes()[:600]) == "video"
    with open_source(data_dir / "negatives") as source:
        assert source.frame_count is not None
        assert source.frame_count > 100


@pytest.mark.parametrize("uri", ["", "v4l2:", "test:", "test:hands?", "\x00", "a" * 5000, "v4l2:/dev/video?x"])
def test_odd_names_are_a_source_or_an_error_of_ours(uri: str) -> None:
    with contextlib.suppress(EdgeError):
        open_source(uri).close()


def test_dangling_link_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").symlink_to(tmp_path / "nowhere.mp4")
    with pytest.raises(SourceError, match=r"clip\.mp4 is a link to .*nowhere\.mp4, which does not exist"):
        open_source(tmp_path / "clip.mp4")


def test_folder_that_may_not_be_listed_has_no_suggestion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SourceError, match=r"clip\.mp4 does not exist; expected"):
        open_source(tmp_path / "clip.mp4")


def test_folder_that_may_not_be_entered_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(SourceError, match=r"closed/12:30\.mp4 cannot be read: Permission denied"):
        open_source("closed/12:30.mp4")
