# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from edge.scene import GESTURE_NAMES, render_hand_sample
from edge.scene.background import cropped_background, procedural_background
from edge.scene.effects import camera_effects, compressed, motion_blurred

DRAWS = 60


def test_the_same_state_of_the_generator_gives_the_same_picture() -> None:
    first, second = (render_hand_sample(np.random.default_rng(9), 120, 90, 2) for _ in range(2))
    assert np.array_equal(first.bgr, second.bgr)
    assert np.array_equal(first.truth.keypoints_xy, second.truth.keypoints_xy)
    assert not np.array_equal(render_hand_sample(np.random.default_rng(10), 120, 90, 2).bgr, first.bgr)


def test_samples_differ_in_size_side_and_gesture() -> None:
    truths = [render_hand_sample(np.random.default_rng([1, i]), 96, 96, 1).truth for i in range(DRAWS)]
    spans = np.concatenate([(t.boxes_xyxy[:, 2:] - t.boxes_xyxy[:, :2]).max(axis=1) for t in truths]) / 96
    assert spans.min() < 0.1
    assert spans.max() > 0.5
    assert {side for t in truths for side in t.handedness} == {"left", "right"}
    assert len({name for t in truths for name in t.gestures}) >= len(GESTURE_NAMES) // 2


@pytest.mark.parametrize("hands", [0, 1, 4])
def test_there_are_never_more_hands_than_asked_for(hands: int) -> None:
    for seed in range(5):
        assert len(render_hand_sample(np.random.default_rng(seed), 120, 120, hands).truth) <= hands


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 90), (131, 77)])
def test_any_size_renders(width: int, height: int) -> None:
    assert render_hand_sample(np.random.default_rng(0), width, height, 2).bgr.shape == (height, width, 3)


def test_given_pictures_become_the_background() -> None:
    blue = np.full((50, 80, 3), (250, 0, 0), np.uint8)
    frame = render_hand_sample(np.random.default_rng(2), 100, 100, 0, backgrounds=[blue])
    assert frame.bgr[..., 0].mean() > 150
    assert frame.bgr[..., 2].mean() < 80


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1x1"):
        render_hand_sample(np.random.default_rng(0), 0, 10, 1)


@pytest.mark.parametrize("seed", range(10))
def test_procedural_backgrounds_fill_the_picture(seed: int) -> None:
    picture = procedural_background(np.random.default_rng(seed), 61, 47)
    assert picture.shape == (47, 61, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (480, 640)])
def test_backgrounds_are_cut_from_pictures_of_any_size(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    for seed in range(5):
        assert cropped_background(np.random.default_rng(seed), picture, 70, 50).shape == (50, 70, 3)


@pytest.mark.parametrize("seed", range(6))
def test_camera_effects_leave_things_where_they_are(seed: int) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:40, 30:50] = 200
    seen = camera_effects(np.random.default_rng(seed), picture).astype(np.float64).mean(axis=2)
    bright = np.argwhere(seen > 0.5 * seen[25:35, 35:45].mean())
    assert np.abs(bright.mean(axis=0) - [29.5, 39.5]).max() < 1.5


def test_motion_blur_keeps_the_light_and_spreads_it() -> None:
    dot = np.zeros((31, 31, 3), np.uint8)
    dot[15, 15] = 255
    smeared = motion_blurred(dot, 9, 0.0)
    assert smeared[15, :, 0].astype(int).sum() == pytest.approx(255, abs=9)
    assert np.count_nonzero(smeared[..., 0]) == 9


def test_compression_loses_more_at_lower_quality() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    errors = [np.abs(compressed(noise, quality).astype(int) - noise).mean() for quality in (95, 20)]
    assert 0 < errors[0] < errors[1]
