# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import OutputError, UsageError
from edge.sources.picture import pixels_from_file
from training.data.crops import UNKNOWN, HandCrop
from training.data.pictures import PictureStore
from training.data.sample import HandSample
from training.metrics import Found
from training.mistakes import (
    CAPTION_PX,
    COLUMNS,
    TILE_PX,
    Mistake,
    classifier_mistakes,
    contact_sheet,
    detector_mistakes,
    require_sheet_name,
    write_sheet,
)

HAND, OTHER, NOTHING = (10, 10, 30, 40), (50, 10, 90, 60), (60, 70, 80, 90)
BLUE = (200, 60, 20)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "blue.png"
    cv2.imwrite(str(path), np.full((100, 120, 3), BLUE, np.uint8))
    return path


def sample_of(path: Path, *boxes: tuple[int, int, int, int], ignored: int = 0) -> HandSample:
    """A picture of 120 x 100 whose last `ignored` boxes are regions."""
    count = len(boxes)
    return HandSample(
        path=path,
        dataset="blue",
        licence="CC0-1.0",
        split="test",
        group="blue",
        width_px=120,
        height_px=100,
        boxes_xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        ignored=np.arange(count) >= count - ignored,
        keypoints=np.full((count, 21, 2), np.nan, np.float32),
        gestures=(None,) * count,
        handedness=(None,) * count,
        outlines=(None,) * count,
    )


def found(*boxes: tuple[tuple[int, int, int, int], float]) -> Found:
    return Found(
        np.array([box for box, _ in boxes], np.float32).reshape(-1, 4), np.array([s for _, s in boxes], np.float32)
    )


def test_false_boxes_come_first_by_score_then_missed_hands_by_size(tmp_path: Path) -> None:
    one, other = (tmp_path / f"{name}.png" for name in "ab")
    samples = [sample_of(one, HAND, OTHER), sample_of(other, HAND, OTHER, NOTHING, ignored=1)]
    guesses = [
        found((NOTHING, 0.6), (HAND, 0.9), (OTHER, 0.2)),
        found((NOTHING, 0.95), ((0, 60, 20, 90), 0.7)),
    ]
    mistakes = detector_mistakes(samples, guesses, 0.5)
    assert [(mistake.path, mistake.told) for mistake in mistakes] == [
        (other, "0.70"),
        (one, "0.60"),
        (one, "missed"),
        (other, "missed"),
        (other, "missed"),
    ]
    assert [tuple(mistake.box_xyxy.tolist()) for mistake in mistakes[2:]] == [OTHER, OTHER, HAND]


def test_a_wrong_name_is_a_mistake_where_the_right_one_is_known(tmp_path: Path) -> None:
    box = np.array(HAND, np.float32)
    known = HandCrop(path=tmp_path / "a.png", box_xyxy=box, gesture=1, handedness=UNKNOWN, weight=1.0)
    hands = [known, replace(known, handedness=0), replace(known, gesture=UNKNOWN)]
    answers = [{"gesture": 0, "handedness": 1}, {"gesture": 1, "handedness": 1}, {"gesture": 0, "handedness": 0}]
    mistakes = classifier_mistakes(hands, answers, ("fist", "palm"))
    assert [mistake.told for mistake in mistakes] == ["fist, not palm", "right, not left"]
    looked = [answer | {"presence": presence} for answer, presence in zip(answers, (1, 0, 0), strict=True)]
    assert classifier_mistakes(hands, looked, ("fist", "palm"))[0].told == "other, not hand"


def test_a_sheet_has_a_tile_for_each_mistake_and_shows_its_place(picture: Path) -> None:
    pictures = PictureStore([picture])
    mistake = Mistake(picture, np.array(HAND, np.float32), "0.70")
    sheet = contact_sheet([mistake] * (COLUMNS + 1), pictures)
    assert sheet.shape == (2 * (TILE_PX + CAPTION_PX), COLUMNS * TILE_PX, 3)
    middle = CAPTION_PX + TILE_PX // 2, TILE_PX // 2
    assert tuple(sheet[middle].tolist()) == BLUE
    # The surroundings of the first hand reach beyond the picture's left border, and the second row has one tile.
    assert tuple(sheet[middle[0], 2].tolist()) != BLUE
    assert tuple(sheet[middle[0] + TILE_PX + CAPTION_PX, middle[1] + TILE_PX].tolist()) != BLUE
    assert contact_sheet([], pictures).shape == (TILE_PX + CAPTION_PX, TILE_PX, 3)


def test_a_sheet_is_written_as_a_picture_or_the_reason_is_told(tmp_path: Path) -> None:
    sheet = contact_sheet([], PictureStore([]))
    write_sheet(tmp_path / "sheet.png", sheet)
    assert np.array_equal(pixels_from_file(tmp_path / "sheet.png"), sheet)
    with pytest.raises(OutputError, match=r"none/sheet\.png: No such file"):
        write_sheet(tmp_path / "none" / "sheet.png", sheet)
    require_sheet_name(Path("a.JPG"))
    with pytest.raises(UsageError, match=r"\.jpg or \.png, got sheet\.txt"):
        require_sheet_name(Path("sheet.txt"))
