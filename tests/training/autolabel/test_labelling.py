# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError, SourceError, UsageError
from edge.results import FrameResult, Hands, Labels
from edge.runners import FakeRunner
from edge.tasks import HandDetector
from tests.edge.bundles import STRIDES_PX, detector_contract
from training.autolabel.labelling import autolabel
from training.autolabel.record import PictureRecord
from training.autolabel.thresholds import Thresholds
from training.data.coco import read_coco

SIDE_PX = 96
THRESHOLDS = Thresholds(keep=0.6, doubt=0.3)
# Pictures whose brightness is the score of the hand in them, in hundredths.
SCORES = {"a.png": 90, "b.png": 40, "c.png": 10, "d.png": 70}


def bright_detector(on_score: Callable[[int], None] = lambda _: None) -> HandDetector:
    """Return a detector that finds a hand in the middle which scores a hundredth of the picture's brightness."""

    def answer(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        percent = round(float(inputs["image"].mean()) * 64 + 127.5)
        on_score(percent)
        levels = {f"level_{s}": np.full((1, 5, SIDE_PX // s, SIDE_PX // s), -9, np.float32) for s in STRIDES_PX}
        levels["level_32"][0, :, 1, 1] = (np.log(percent / (100 - percent)), 0.5, 0.5, 0.5, 0.5)
        return levels

    contract = detector_contract()
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=answer)
    return HandDetector(contract, runner, min_score=THRESHOLDS.doubt)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, percent in SCORES.items():
        cv2.imwrite(str(folder / name), np.full((SIDE_PX, SIDE_PX, 3), percent, np.uint8))
    return folder


def test_hands_become_labels_places_of_doubt_or_nothing_by_their_score(source: Path, tmp_path: Path) -> None:
    (source / "e.png").write_bytes(b"")
    to = tmp_path / "sets" / "labelled"
    with bright_detector() as detector:
        done = autolabel([detector], source, to, thresholds=THRESHOLDS, threads=1)
    assert (done.pictures, done.labels, done.doubtful) == (4, 2, 1)
    assert len(done.skipped) == 1
    assert "e.png is empty" in done.skipped[0]
    samples = {sample.path.name: sample for sample in read_coco(to)}
    assert {name: sample.ignored.tolist() for name, sample in samples.items()} == {
        "a.png": [False],
        "b.png": [True],
        "c.png": [],
        "d.png": [False],
    }
    assert samples["a.png"].path == source / "a.png"
    np.testing.assert_allclose(samples["a.png"].boxes_xyxy, [[32, 32, 64, 64]], atol=0.1)
    content = json.loads((to / "annotations.json").read_bytes())
    assert [one["score"] for one in content["annotations"]] == pytest.approx([0.9, 0.4, 0.7], abs=0.01)
    assert sorted(path.name for path in to.iterdir()) == ["annotations.json", "confident.jpg", "doubtful.jpg"]
    confident, doubtful = (cv2.imread(str(to / f"{name}.jpg")) for name in ("confident", "doubtful"))
    assert confident is not None
    assert doubtful is not None
    assert confident.shape[1] == 2 * doubtful.shape[1]


def test_an_interrupted_run_is_gone_on_with_and_another_one_refused(source: Path, tmp_path: Path) -> None:
    to = tmp_path / "labelled"
    seen: list[int] = []

    def fail_at_last(percent: int) -> None:
        if percent == SCORES["d.png"]:
            raise ModelError("the last picture is too much")

    with bright_detector(fail_at_last) as detector, pytest.raises(ModelError, match="too much"):
        autolabel([detector], source, to, thresholds=THRESHOLDS, threads=1)
    assert [path.name for path in to.iterdir()] == ["unfinished.jsonl"]
    # As a kill in the middle of a line leaves it.
    with (to / "unfinished.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"file": "d.p')
    with bright_detector() as detector, pytest.raises(UsageError, match="was begun with other models, thresholds"):
        autolabel([detector], source, to, thresholds=Thresholds(keep=0.7, doubt=0.3), threads=1)
    with bright_detector(seen.append) as detector:
        done = autolabel([detector], source, to, thresholds=THRESHOLDS, threads=1)
    assert seen == [SCORES["d.png"]]
    assert (done.pictures, done.labels, done.doubtful) == (4, 2, 1)
    with bright_detector() as detector, pytest.raises(UsageError, match="holds a set already, which may have been"):
        autolabel([detector], source, to, thresholds=THRESHOLDS, threads=1)


def test_a_folder_without_a_readable_picture_is_refused_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    for path in source.iterdir():
        path.write_bytes(b"no picture")
    with bright_detector() as detector:
        with pytest.raises(SourceError, match=r"none of the 4 pictures in .* can be read; the first: .*a\.png"):
            autolabel([detector], source, tmp_path / "to", thresholds=THRESHOLDS, threads=1)
        assert not (tmp_path / "to").exists()
        with pytest.raises(SourceError, match="holds no picture"):
            autolabel([detector], tmp_path / "none", tmp_path / "to", thresholds=THRESHOLDS, threads=1)


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(UsageError, match=r"expected 0 <= doubt <= keep <= 1, got doubt 0\.7 and keep 0\.6"):
        Thresholds(keep=0.6, doubt=0.7)


def test_a_record_holds_what_every_model_said_and_survives_its_line() -> None:
    points = np.column_stack([np.arange(42).reshape(21, 2), np.linspace(0, 1, 21)]).astype(np.float32)
    hands = Hands(
        np.array([[1, 2, 11, 22]], np.float32),
        np.array([0.75], np.float32),
        gestures=Labels(("fist", "palm"), np.array([1]), np.array([0.5], np.float32)),
        handedness=Labels(("left", "right"), np.array([0]), np.array([0.25], np.float32)),
        presence=np.array([0.875], np.float32),
        keypoints=points[None],
    )
    record = PictureRecord.from_result(FrameResult("pictures", "a/b.png", 0, 0.0, 64, 48, hands))
    (hand,) = record.hands
    points_written = np.array(hand["keypoints"]).reshape(21, 3)
    assert (points_written[:, 2] == np.where(points[:, 2] >= 0.5, 2, 0)).all()
    np.testing.assert_allclose(points_written[:, :2], points[:, :2])
    assert hand["bbox"] == [1, 2, 10, 20]
    told = {"score": 0.75, "presence": 0.875, "gesture": "palm", "handedness": "left", "num_keypoints": 11}
    assert told.items() <= hand.items()
    assert PictureRecord.from_line(record.to_line()) == record
