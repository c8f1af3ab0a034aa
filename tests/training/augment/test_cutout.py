# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.small_sets import BACKGROUND, picture_with, sample_with
from training.augment.cutout import COVERED_LIMIT, CutOut, cut_out, pasted
from training.augment.placement import TrainingScene
from training.data.sample import HandSample

BOX = (20.0, 10.0, 40.0, 34.0)
DIAMOND = np.array([[30, 10], [40, 22], [30, 34], [20, 22]], np.float32)


def outlined(
    outline: NDArray[np.float32] | None = DIAMOND, *, box: tuple[float, float, float, float] = BOX, **changes: Any
) -> HandSample:
    return sample_with([box], outlines=(outline,), **changes)


def hand() -> CutOut:
    cut = cut_out(outlined(gestures=("fist",), handedness=("left",)), 0, picture_with([BOX]))
    assert cut is not None
    return cut


def test_one_of_two_hands_is_cut_out_whatever_they_hold() -> None:
    sample = sample_with([BOX, BOX], outlines=(None, DIAMOND), holding=(True, False))
    cut = cut_out(sample, 1, picture_with([BOX]))
    assert cut is not None
    assert len(cut.sample.boxes_xyxy) == 1


def test_a_cut_out_is_opaque_within_its_outline_and_knows_its_hand() -> None:
    cut = hand()
    assert cut.picture.shape[:2] == cut.opacity.shape == (cut.sample.height_px, cut.sample.width_px)
    x1, y1, x2, y2 = cut.sample.boxes_xyxy[0]
    np.testing.assert_allclose([x2 - x1, y2 - y1], [20, 24])
    middle = int((y1 + y2) / 2), int((x1 + x2) / 2)
    assert cut.opacity[middle] == 255
    assert cut.opacity[int(y1) + 1, int(x1) + 1] == 0
    # The diamond fills half of its box.
    assert np.count_nonzero(cut.opacity > 127) == pytest.approx(20 * 24 / 2, rel=0.15)
    assert (cut.sample.gestures, cut.sample.handedness) == (("fist",), ("left",))


def test_keypoints_come_with_their_hand() -> None:
    points = np.tile(np.array([30, 22], np.float32), (1, 21, 1))
    cut = cut_out(outlined(keypoints=points), 0, picture_with([BOX]))
    assert cut is not None
    middle = (cut.sample.boxes_xyxy[0, :2] + cut.sample.boxes_xyxy[0, 2:]) / 2
    np.testing.assert_allclose(cut.sample.keypoints[0, 5], middle)


@pytest.mark.parametrize(
    "sample",
    [
        outlined(None),
        outlined(ignored=np.ones(1, np.bool_)),
        outlined(DIAMOND * 0.2),
        outlined(np.array([[0, 0], [64, 0], [64, 48], [0, 48]], np.float32), box=(20, 10, 24, 13)),
        outlined(box=(80, 10, 99, 34)),
        outlined(box=(20, 10, 20, 10)),
    ],
    ids=["no outline", "ignored", "elsewhere", "much larger than its box", "outside the picture", "no extent"],
)
def test_an_unknown_or_implausible_outline_is_not_cut_out(sample: HandSample) -> None:
    assert cut_out(sample, 0, picture_with([BOX])) is None


def crowd(*boxes_xyxy: tuple[float, float, float, float]) -> TrainingScene:
    boxes = np.array(boxes_xyxy, np.float32).reshape(-1, 4)
    return TrainingScene(np.full((96, 96, 3), BACKGROUND, np.uint8), boxes, np.zeros(len(boxes), np.bool_))


def test_a_pasted_hand_hides_no_other_beyond_the_limit() -> None:
    scene = crowd((5, 5, 40, 40), (50, 10, 90, 45), (10, 55, 45, 90), (60, 60, 75, 75))
    placed = 0
    for seed in range(40):
        new = pasted(np.random.default_rng(seed), scene, hand(), span_px=40)
        placed += len(new.boxes_xyxy) > len(scene.boxes_xyxy)
        changed = (new.picture != scene.picture).any(2)
        for x1, y1, x2, y2 in scene.boxes_xyxy.astype(int):
            assert changed[y1:y2, x1:x2].mean() <= COVERED_LIMIT
    assert placed > 20


def test_a_pasted_hand_is_where_its_box_says() -> None:
    for seed in range(10):
        new = pasted(np.random.default_rng(seed), crowd(), hand(), span_px=30)
        if new.ignored.any() or not len(new.boxes_xyxy):
            continue
        rows, columns = np.nonzero((new.picture.astype(int) - BACKGROUND).max(2) > 40)
        x1, y1, x2, y2 = new.boxes_xyxy[0]
        assert columns.min() >= x1 - 2
        assert columns.max() <= x2 + 2
        assert rows.min() >= y1 - 2
        assert rows.max() <= y2 + 2


def test_without_room_the_scene_stays_as_it_is() -> None:
    tiles = [(float(x), float(y), x + 8.0, y + 8.0) for x in range(0, 96, 8) for y in range(0, 96, 8)]
    scene = crowd(*tiles)
    assert pasted(np.random.default_rng(1), scene, hand(), span_px=60) is scene


def test_a_small_cut_out_is_not_enlarged_to_a_blur() -> None:
    new = pasted(np.random.default_rng(3), crowd(), hand(), span_px=500)
    x1, y1, x2, y2 = new.boxes_xyxy[0]
    assert max(x2 - x1, y2 - y1) <= 24 * 2.5 * 1.1 * np.sqrt(2)


def test_pasting_is_seeded() -> None:
    first, second = (pasted(np.random.default_rng(8), crowd(), hand(), span_px=30) for _ in range(2))
    np.testing.assert_array_equal(first.picture, second.picture)
    np.testing.assert_array_equal(first.boxes_xyxy, second.boxes_xyxy)
