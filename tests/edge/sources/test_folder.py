# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.sources.folder import FolderSource


def write_picture(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((8, 8, 3), value, np.uint8))


def test_pictures_below_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for number, name in enumerate(("a/2.png", "a/1.jpg", "b.webp", "0.BMP", "a/b/c.jpeg")):
        write_picture(tmp_path / name, number)
    (tmp_path / "notes.txt").write_text("not a picture", encoding="utf-8")
    (tmp_path / ".hidden.png").write_bytes(b"resource fork")
    source = FolderSource(tmp_path)
    frames = list(source.frames())
    assert [frame.path for frame in frames] == ["0.BMP", "a/1.jpg", "a/2.png", "a/b/c.jpeg", "b.webp"]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert source.frame_count == 5
    assert source.skipped == ()


def test_unreadable_pictures_are_skipped_and_named(tmp_path: Path) -> None:
    write_picture(tmp_path / "good.png")
    write_picture(tmp_path / "z.png")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("hello", encoding="utf-8")
    (tmp_path / "phone.heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    source = FolderSource(tmp_path)
    frames = list(source.frames())
    assert [(frame.index, frame.path) for frame in frames] == [(0, "good.png"), (1, "z.png")]
    assert {file.path for file in source.skipped} == {"empty.jpg", "text.png", "phone.heic", "gone.jpg"}
    assert all(file.path in file.reason for file in source.skipped)


def test_folder_without_pictures_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no picture"):
        FolderSource(tmp_path)


def test_folder_of_only_unreadable_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").touch()
    source = FolderSource(tmp_path)
    with pytest.raises(SourceError, match="none of the 2 pictures"):
        list(source.frames())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_folder_that_may_not_be_listed_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(SourceError, match="closed"):
        FolderSource(tmp_path)


def test_names_that_are_not_utf_8_are_read_and_made_printable(tmp_path: Path) -> None:
    folder = tmp_path / "photos\udcfe"
    folder.mkdir()
    write_picture(tmp_path / "a.png")
    (tmp_path / "a.png").rename(folder / "a\udcff.png")
    (folder / "b\udcff.png").write_bytes(b"no picture")
    source = FolderSource(folder)
    (frame,) = source.frames()
    shown = "\N{REPLACEMENT CHARACTER}"
    assert (frame.path, frame.source) == (f"a{shown}.png", f"{tmp_path}/photos{shown}")
    assert [file.path for file in source.skipped] == [f"b{shown}.png"]
    assert source.skipped[0].reason.isprintable()
