# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from benchmarks.chart import CHART, ratios, svg_from_ratios
from benchmarks.comparison import Seen
from benchmarks.peers.tutorial_video import TutorialLoop
from benchmarks.peers.watching import watch
from benchmarks.tables import RESULTS
from benchmarks.video_speed import compare_video
from edge.errors import SourceError
from edge.scene import Scene
from edge.tasks import load

LEAST_IOU = 0.75


def iou(one: np.ndarray, other: np.ndarray) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    both = float(np.prod(np.clip(high - low, 0, None)))
    return both / (float(np.prod(one[2:] - one[:2])) + float(np.prod(other[2:] - other[:2])) - both)


def test_the_tutorial_finds_the_hands_that_the_detector_finds() -> None:
    picture = Scene(640, 480, hands=2, seed=0).render(1.7).bgr
    ours = load("hand-detector")(picture)
    theirs = TutorialLoop().boxes(picture)
    assert len(ours) > 0
    for box in ours.boxes_xyxy:
        assert max(iou(box, other) for other in theirs) > LEAST_IOU


def test_every_frame_of_a_video_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for level in range(5):
        writer.write(np.full((48, 64, 3), 40 * level, np.uint8))
    writer.release()
    told = json.loads(watch(path, lambda bgr: int(bgr.shape == (48, 64, 3))))
    assert (told["frames"], told["hands"]) == (5, 5)
    assert told["fps"] > 0
    with pytest.raises(SourceError, match="shows no frame"):
        watch(tmp_path / "none.avi", lambda _: 0)


def test_what_both_sides_saw_of_a_video_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for time_s in (0.0, 0.1, 0.2):
        writer.write(Scene(320, 240, hands=2, seed=0).render(time_s).bgr)
    writer.release()
    peer: list[str | Path] = [sys.executable, "-c", 'print(\'{"fps": 2, "frames": 2, "hands": 0}\')']
    compared = compare_video(path, "one that skips", peer, threads=1, rounds=1)
    assert compared.ours_seen is not None
    assert compared.ours_seen.frames == 3
    assert compared.ours_seen.hands > 0
    assert compared.theirs_seen == Seen(2, 0)
    silent: list[str | Path] = [sys.executable, "-c", "print('{\"fps\": 2}')"]
    assert compare_video(path, "one that does not tell", silent, threads=1, rounds=1).theirs_seen is None


def test_the_chart_shows_the_stored_results() -> None:
    stored = json.loads((RESULTS / "speed.json").read_text("utf-8"))
    assert CHART.read_text("utf-8") == svg_from_ratios(ratios(stored)), "run: python -m benchmarks.chart"


def test_bars_are_as_long_as_the_speeds_they_stand_for() -> None:
    rows = [
        {"ours": "edge-run", "theirs": "A & B", "times_as_fast": 2.0},
        {"ours": "edge-run", "theirs": "A & B", "times_as_fast": 8.0},
        {"ours": "pipeline", "theirs": "another", "times_as_fast": 3.0},
    ]
    times_as_fast = ratios({"comparisons": rows})
    assert times_as_fast == {"A & B": pytest.approx(4.0)}
    chart = ET.fromstring(svg_from_ratios(times_as_fast))  # noqa: S314 - made just now
    ours, theirs = (float(bar.get("width", 0)) for bar in chart.iter("{http://www.w3.org/2000/svg}rect"))
    assert ours == pytest.approx(4 * theirs, rel=0.01)
