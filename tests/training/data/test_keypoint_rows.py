# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.errors import SourceError
from training.data.keypoint_rows import read_json_lines, read_mediapipe_csv, read_openpose_csv

NAMES = {"0": "down", "1": "up"}


def row_of(values: range) -> str:
    return ",".join(map(str, values))


def test_openposes_background_is_no_keypoint_and_missing_ones_leave_a_row_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    header = ",".join([*map(str, range(44)), "class"])
    missing = f"0,0,{row_of(range(42))},1"
    path.write_text(f"{header}\n{row_of(range(1, 45))},0\n{missing}\n{row_of(range(2, 46))},1\n", encoding="utf-8")
    (first, down), (second, up) = read_openpose_csv(path, NAMES)
    np.testing.assert_array_equal(first, np.arange(1, 43).reshape(21, 2))
    np.testing.assert_array_equal(second, np.arange(2, 44).reshape(21, 2))
    assert (down, up) == ("down", "up")


def test_mediapipes_class_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"1,{row_of(range(42))}\n", encoding="utf-8-sig")
    ((points, pose),) = read_mediapipe_csv(path, NAMES)
    np.testing.assert_array_equal(points, np.arange(42).reshape(21, 2))
    assert pose == "up"


def test_recorded_hands_have_the_name_of_their_file(tmp_path: Path) -> None:
    keypoints = [[float(row), 2.0, 0.9] for row in range(21)]
    unsure = [[x, y, 0.1] for x, y, _ in keypoints]
    lines = [{"hands": [{"keypoints": keypoints}, {"keypoints": None}, {"keypoints": unsure}]}, {"hands": []}]
    path = tmp_path / "ok.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    ((points, pose),) = read_json_lines(path, {})
    np.testing.assert_array_equal(points, [[row, 2] for row in range(21)])
    assert pose == "ok"
    assert read_json_lines(path, {"ok": "fine"})[0][1] == "fine"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("0,1,2", r"row 1: expected 42 finite coordinates, got 2"),
        (f"0,{row_of(range(41))},nan", "row 1: expected 42 finite"),
        (f"0,{row_of(range(41))},x", "row 1: could not convert"),
        (f"7,{row_of(range(42))}", "class '7' has no name; add it to the set's pose_of_label"),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=told):
        read_mediapipe_csv(path, NAMES)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read as CSV"):
        read_openpose_csv(tmp_path / "none.csv", NAMES)
    with pytest.raises(SourceError, match="cannot be read"):
        read_json_lines(tmp_path / "none.jsonl", {})
    for content in ("no JSON", "{}", '{"hands": [{"keypoints": [[1, 2]]}]}'):
        (tmp_path / "a.jsonl").write_text(content, encoding="utf-8")
        with pytest.raises(SourceError, match="line 1, is no result of edge-run"):
            read_json_lines(tmp_path / "a.jsonl", {})


def test_the_public_recordings_are_read(data_dir: Path) -> None:
    folder = data_dir / "keypoints"
    thumbs = read_openpose_csv(folder / "openpose22_thumbs.csv", NAMES)
    assert 3_000 < len(thumbs) <= 3_322
    # In most rows the tip of a raised thumb is above its root.
    raised = [points[4, 1] < points[2, 1] for points, pose in thumbs if pose == "up"]
    assert np.mean(raised) > 0.8
    names = {"0": "open", "1": "close", "2": "pointer", "3": "ok"}
    assert len(read_mediapipe_csv(folder / "mediapipe21_open_close_pointer_ok.csv", names)) == 4_787
