# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading

import numpy as np
import psutil
import pytest

from edge.scene import GESTURE_NAMES, Scene, SceneFrame
from edge.scene.motion import GESTURE_S, posture_at

SIZES = [(1, 1), (2, 3), (7, 5), (33, 65), (97, 41), (160, 120), (121, 243)]
# Of the hand's length, between frames 1/60 s apart, while it turns over from one gesture to the next.
MOST_MOTION = 0.12
FRAMES_FOR_MEMORY = 100
MOST_GROWTH_MB = 4


def same(a: SceneFrame, b: SceneFrame) -> bool:
    arrays = ("boxes_xyxy", "keypoints_xy", "keypoints_visible", "instance_ids")
    return np.array_equal(a.bgr, b.bgr) and all(
        np.array_equal(getattr(a.truth, name), getattr(b.truth, name)) for name in arrays
    )


def test_a_frame_depends_on_settings_and_time_alone() -> None:
    first, second = Scene(160, 120, seed=3), Scene(160, 120, seed=3)
    frame = first.render(1.25)
    second.render(7.0)
    assert same(second.render(1.25), frame)
    assert same(first.render(1.25), frame)


def test_other_seeds_and_times_give_other_frames() -> None:
    frame = Scene(160, 120, seed=3).render(1.0)
    assert not np.array_equal(Scene(160, 120, seed=4).render(1.0).bgr, frame.bgr)
    assert not np.array_equal(Scene(160, 120, seed=3).render(1.5).truth.keypoints_xy, frame.truth.keypoints_xy)


def test_threads_render_the_same_scene_at_once() -> None:
    scene = Scene(96, 72)
    alone = [scene.render(t / 4) for t in range(4)]
    found: dict[int, SceneFrame] = {}
    workers = [threading.Thread(target=lambda t=t: found.update({t: scene.render(t / 4)})) for t in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(same(found[t], alone[t]) for t in range(4))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_any_size_renders(width: int, height: int) -> None:
    frame = Scene(width, height, seed=1).render(0.5)
    assert frame.bgr.shape == (height, width, 3)
    assert frame.bgr.dtype == np.uint8
    assert frame.truth.instance_ids.shape == (height, width)
    boxes = frame.truth.boxes_xyxy
    assert (boxes >= 0).all()
    assert (boxes[:, [0, 2]] <= width).all()
    assert (boxes[:, [1, 3]] <= height).all()


def test_the_picture_is_the_same_at_another_resolution() -> None:
    small, large = (Scene(side * 4, side * 3, seed=2, noise=0).render(2.0).truth for side in (40, 160))
    assert small.gestures == large.gestures
    assert np.abs(small.keypoints_xy * 4 - large.keypoints_xy).max() < 1e-2


@pytest.mark.parametrize("hands", [0, 1, 2, 3, 6])
def test_there_are_as_many_hands_as_asked_for(hands: int) -> None:
    truth = Scene(240, 160, hands=hands).render(0.0).truth
    assert len(truth) == hands
    assert truth.handedness == ("right", "left", "right", "left", "right", "left")[:hands]


def test_hands_stay_in_the_picture() -> None:
    scene = Scene(160, 90, seed=5)
    counts = [len(scene.render(t * 1.7).truth) for t in range(20)]
    assert counts == [2] * 20


def test_hands_move_smoothly_also_from_gesture_to_gesture() -> None:
    scene = Scene(64, 36, seed=1, noise=0)
    frames = [scene.render(i / 60).truth for i in range(int(2.5 * GESTURE_S * 60))]
    points = np.stack([truth.keypoints_xy for truth in frames])
    length = np.linalg.norm(points[:, :, 12] - points[:, :, 0], axis=-1).max()
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    assert steps.max() < MOST_MOTION * length
    assert len({truth.gestures for truth in frames}) >= 4


def test_every_gesture_has_its_turn() -> None:
    names = {posture_at(GESTURE_S * (i + 0.9), seed=0, hand=0).name for i in range(2 * len(GESTURE_NAMES))}
    assert names == set(GESTURE_NAMES)


def test_memory_does_not_grow_with_frames() -> None:
    scene = Scene(96, 72)
    for i in range(FRAMES_FOR_MEMORY):
        scene.render(i / 10)
    before = psutil.Process().memory_info().rss
    for i in range(FRAMES_FOR_MEMORY):
        scene.render(i / 10 + 100)
    assert psutil.Process().memory_info().rss - before < MOST_GROWTH_MB * 2**20


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width_px": 0}, "1 to 16384 pixels"),
        ({"height_px": 20000}, "1 to 16384 pixels"),
        ({"hands": 17}, "0 to 16 hands, got 17"),
        ({"fps": 0.0}, "fps must be above 0"),
        ({"noise": -1.0}, "noise 0 to 64"),
        ({"seed": -1}, "seed 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scene(**settings)  # type: ignore[arg-type]
