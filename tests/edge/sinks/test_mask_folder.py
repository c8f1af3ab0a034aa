# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import OutputError
from edge.frame import Frame, PixelFormat
from edge.masks import Masks
from edge.results import FrameResult, Hands
from edge.sinks import MaskFolderSink
from edge.sources.arrays import ArraySource

FRAME = Frame(np.zeros((30, 40, 3), np.uint8), PixelFormat.BGR, time_ns=0, index=0, source="test")


def result(*, number: int = 0, path: str | None = None, masks: Masks | None = None) -> FrameResult:
    count = 0 if masks is None else len(masks)
    hands = Hands(np.zeros((count, 4), np.float32), np.ones(count, np.float32), masks=masks)
    return FrameResult("test", path, number, 0.0, 40, 30, hands)


def sink_in(folder: Path) -> MaskFolderSink:
    sink = MaskFolderSink(folder)
    sink.open(ArraySource([]))
    return sink


def test_a_picture_has_the_pixels_of_all_hands(tmp_path: Path) -> None:
    matrices = np.array([[[1, 0, 5], [0, 1, 6]], [[1, 0, 30], [0, 1, 25]]], np.float64)
    sink = sink_in(tmp_path / "masks")
    sink.write(FRAME, result(number=7, masks=Masks(np.ones((2, 4, 20), np.float32), matrices)))
    sink.write(FRAME, result(number=8))
    sink.close()
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["000007.png", "000008.png"]
    mask = cv2.imread(str(tmp_path / "masks" / "000007.png"), cv2.IMREAD_UNCHANGED)
    wanted = np.zeros((30, 40), np.uint8)
    wanted[6:10, 5:25] = wanted[25:29, 30:] = 255
    np.testing.assert_array_equal(mask, wanted)


def test_masks_of_pictures_are_called_as_these_are(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.write(FRAME, result(path="more/a.jpg"))
    sink.write(FRAME, result(path="more/a.jpg"))
    assert (tmp_path / "more" / "a.png").is_file()
    with pytest.raises(OutputError, match=r"one picture for more/a\.jpg and more/a\.bmp; rename one"):
        sink.write(FRAME, result(path="more/a.bmp"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"mask folder .*file is a file; name a folder"):
        sink_in(tmp_path / "file")
    sink = sink_in(tmp_path / "masks")
    (tmp_path / "masks" / "000000.png").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        sink.write(FRAME, result())
    assert [path.name for path in (tmp_path / "masks").iterdir()] == ["000000.png"]
